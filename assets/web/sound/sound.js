// sound.js - who hears a person and what the person hears: speaking to one alone, interpretation, the sound of a stethoscope, noise.
// Fetched, with its words and its looks, once in the visit; what it needs of the page is given to it.
import { $, make, Part, set } from '../part.js';
import { LANGUAGES } from './languages.js';

// The room's answer, so that a browser sends more than a voice: two channels is how it is told that this is none.
function whole(sdp) {
  const opus = (/^a=rtpmap:(\d+) opus/im.exec(sdp) || [])[1];
  return sdp.replace(new RegExp(`^(a=fmtp:${opus} [^\\r\\n]*)`, 'm'), (line) => line.replace('useinbandfec=1', 'useinbandfec=0') + ';stereo=1;maxaveragebitrate=128000;usedtx=0');
}

export class Sound extends Part {
  #visit;
  #page;
  #box;
  #who;
  #fields = {};
  #only; // no picture,
  #instead; // which is said in its place
  #bar;
  #clinical = false;
  #plain = null; // what the microphone was asked for before
  #told = ''; // who speaks to this person alone

  constructor(visit, page) {
    super(import.meta.url);
    this.#visit = visit;
    this.#page = page;
    this.#box = make('fieldset', { id: 'sound' }, make('legend'));
    this.#who = this.#select('who', () => this.draw());
    for (const name of ['whisper', 'channel', 'hears']) this.#fields[name] = this.#select(name, (value) => this.#change({ [name]: value }));
    for (const name of ['denoise', 'clinical']) this.#fields[name] = this.#check(name, (on) => this.#change({ [name]: on }));
    this.#only = this.#check('only', (on) => {
      visit.setTier(on ? 'audio' : 'auto');
      this.draw();
    });
    $('more-panel').querySelector('.actions').after(this.#only.parentNode, this.#box);
    this.#bar = make('p', { id: 'whispering', hidden: true }, make('span'), make('button', { type: 'button' }));
    this.#bar.setAttribute('role', 'status');
    this.#bar.lastChild.addEventListener('click', () => this.#change({ whisper: '' }, this.#me));
    document.querySelector('#room .strip').append(this.#bar);
    this.#instead = make('p', { id: 'no-picture', hidden: true });
    this.#instead.setAttribute('role', 'status');
    $('stage').append(this.#instead);
    for (const name of ['roster', 'me']) visit.on(name, () => this.draw());
  }

  get #me() {
    return (this.#visit.me || {}).seat;
  }

  // Whose sound the fields are about.
  get #seat() {
    return this.#who.value || this.#me;
  }

  #of(seat) {
    return (this.#visit.roster.find((p) => p.seat === seat) || {}).sound || {};
  }

  #name(seat) {
    return (this.#visit.roster.find((p) => p.seat === seat) || { name: this.t('gone') }).name;
  }

  #select(name, changed) {
    const select = make('select', { id: 'sound-' + name });
    this.#box.append(make('label', { className: 'field', hidden: true }, make('span'), select));
    select.addEventListener('change', () => changed(select.value));
    return select;
  }

  #check(name, changed) {
    const input = make('input', { type: 'checkbox', id: 'sound-' + name });
    this.#box.append(make('label', { className: 'switch', hidden: true }, input, make('span')));
    input.addEventListener('change', () => changed(input.checked));
    return input;
  }

  async #change(members, seat = this.#seat) {
    try {
      await this.#visit.request({ type: 'sound', ...(seat === this.#me ? {} : { seat }), ...members });
    } catch (e) {
      if (this.#visit.inVisit) this.#page.note(this.t(e.code === 'forbidden' ? 'forbidden' : 'notDone'));
    }
    this.draw(); // back to what holds
  }

  #language(code) {
    try {
      return new Intl.DisplayNames([document.documentElement.lang], { type: 'language' }).of(code) || code;
    } catch (e) {
      return code;
    }
  }

  // Drawn anew only when it changed: the list may be open.
  #fill(select, options, value) {
    if (value && !options.some(([v]) => v === value)) options.push([value, value.length < 4 ? this.#language(value) : this.#name(value)]);
    const key = JSON.stringify(options);
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      select.replaceChildren(...options.map(([v, text]) => new Option(text, v)));
    }
    select.value = value;
  }

  draw() {
    const { me, roster } = this.#visit;
    if (!me) return;
    const others = roster.filter((p) => p.seat !== me.seat).map((p) => [p.seat, p.name]);
    this.#fill(this.#who, [['', this.t('mine')], ...others], this.#who.value && roster.some((p) => p.seat === this.#who.value) ? this.#who.value : '');
    const own = this.#seat === me.seat;
    const sound = this.#of(this.#seat);
    const spoken = [...new Set(roster.map((p) => (p.sound || {}).channel).filter(Boolean))];
    const names = (codes) => codes.map((code) => [code, this.#language(code)]).sort((a, b) => a[1].localeCompare(b[1]));
    this.#fill(this.#fields.whisper, [['', this.t('everybody')], ...others], sound.whisper || '');
    this.#fill(this.#fields.channel, [['', this.t('everybody')], ...names(LANGUAGES)], sound.channel || '');
    this.#fill(this.#fields.hears, [['', this.t('original')], ...names(spoken), ['both', this.t('both')]], sound.hears || '');
    this.#fields.denoise.checked = !!sound.denoise;
    this.#fields.clinical.checked = !!sound.clinical;
    const role = (roster.find((p) => p.seat === this.#seat) || {}).role;
    const may = (op) => this.#visit.may(own ? op : 'sound');
    const shown = {
      who: this.#visit.may('sound') && others.length > 0,
      whisper: own && may('whisper') && (others.length > 0 || !!sound.whisper),
      channel: may(own ? 'interpret' : 'sound') && role === 'interpreter',
      hears: may('listen') && (spoken.length > 0 || !!sound.hears),
      denoise: may('denoise'),
      clinical: may('clinical'),
    };
    for (const name of Object.keys(shown)) {
      const field = $('sound-' + name).parentNode;
      field.hidden = !shown[name];
      set(field.querySelector('span'), this.t(name));
    }
    set(this.#box.firstChild, this.t('title'));
    this.#only.checked = this.#visit.tier === 'audio';
    this.#instead.hidden = !this.#only.checked; // before the words: those of a hidden element are not read out
    $('frame').toggleAttribute('data-unseen', this.#only.checked);
    set(this.#instead, this.#only.checked ? this.t('noPicture') : '');
    this.#only.parentNode.hidden = false;
    set(this.#only.nextSibling, this.t('only'));
    this.#box.hidden = !Object.values(shown).some(Boolean);
    this.#tell();
    this.#examine();
  }

  // What nobody may overlook: who hears this person now, and who speaks to this person alone.
  #tell() {
    const { whisper } = this.#of(this.#me);
    const from = this.#visit.roster.filter((p) => (p.sound || {}).whisper === this.#me).map((p) => p.name).join(', ');
    const text = [whisper && this.t('onlyHears', { name: this.#name(whisper) }), from && this.t('toYou', { name: from })].filter(Boolean).join(' ');
    set(this.#bar.firstChild, text);
    set(this.#bar.lastChild, this.t('endWhisper'));
    this.#bar.lastChild.hidden = !whisper;
    this.#bar.hidden = !text;
    if (from !== this.#told && from) this.#page.say(this.t('toYou', { name: from }));
    this.#told = from;
  }

  // A stethoscope's sound leaves as the microphone hears it.
  async #examine() {
    const { media } = this.#visit;
    const on = !!this.#of(this.#me).clinical;
    if (on === this.#clinical) return;
    this.#visit.fuller = on ? whole : null;
    this.#clinical = on;
    const asked = media.constraints.audio;
    if (on) this.#plain = { ...asked };
    Object.assign(asked, on ? { echoCancellation: false, noiseSuppression: false, autoGainControl: false } : this.#plain);
    if (media.audio) await media.choose('audio', media.chosen.audio);
  }
}
