// recording.js - whether the visit is recorded: the mark, the way to take consent back, a host's buttons. The question is a part of its own.
import { t } from './strings.js';
import { ask, recall } from './host.js';
import { $, set } from './part.js';

const AGAIN_MS = 2000;
const MARKS = { asking: 'recAsking', on: 'recOn', held: 'recHeld', paused: 'recPaused' };

export class Recording {
  #visit;
  #page;
  #shown = 'off';
  #asked = false; // in this recording
  #told = ''; // why the one before ended by itself
  #part = null; // a promise: most people are never asked

  constructor(visit, page) {
    this.#visit = visit;
    this.#page = page;
    visit.on('recording', () => this.#changed());
    visit.on('me', () => this.draw());
    visit.on('roster', () => this.draw());
    $('consent').addEventListener('click', () => (this.#agreed ? this.#with((part) => part.say(false)) : this.#ask()));
    $('record').addEventListener('click', () => this.#host(this.#state === 'off' ? 'start' : 'stop'));
    $('record-pause').addEventListener('click', () => this.#host(this.#state === 'paused' ? 'resume' : 'pause'));
  }

  get #state() {
    return this.#visit.recording ? this.#visit.recording.state : 'off';
  }

  get #agreed() {
    return this.#visit.recording.consent === 'agreed';
  }

  get #matters() {
    return this.#visit.recording && this.#visit.recording.policy === 'everyone' && this.#state !== 'off';
  }

  #changed() {
    if (this.#state === 'off') this.#asked = false;
    this.draw();
    recall();
    if (this.#state !== this.#shown) this.#page.note(t(MARKS[this.#state] || 'recOff'));
    this.#shown = this.#state;
    const why = this.#visit.recording.failed || '';
    if (why !== this.#told) this.#with((part) => part.tell(why));
    this.#told = why;
    if (this.#matters && this.#visit.recording.consent === 'none' && !this.#asked) this.#ask();
  }

  #ask() {
    this.#asked = true;
    const { consent } = this.#visit.recording;
    const still = () => this.#matters && this.#visit.recording.consent === consent;
    this.#with((part) => still() && part.ask(still));
  }

  // What did not come is fetched again, as long as the person is here.
  async #with(f) {
    this.#part = this.#part || import(new URL('./recording/recording.js', import.meta.url).href).then(({ Asked }) => new Asked(this.#visit, this.#page, ask));
    const part = await this.#part.catch(() => null);
    if (part && (await part.ready)) return f(part);
    this.#part = null;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return this.#visit.inVisit && this.#with(f);
  }

  #host(value) {
    this.#with((part) => part.command(value));
  }

  // Who has not answered and who said no, for hosts.
  #missing() {
    const { missing = [], refused = [] } = this.#visit.recording;
    if (this.#state === 'paused') return '';
    const names = (seats) => seats.map((seat) => (this.#visit.roster.find((p) => p.seat === seat) || {}).name).filter(Boolean).join(', ');
    const silent = names(missing.filter((seat) => !refused.includes(seat)));
    const no = names(refused);
    return (silent && ' ' + t('recMissing', { names: silent })) + (no && ' ' + t('recRefused', { names: no }));
  }

  draw() {
    const { recording } = this.#visit;
    const state = this.#state;
    $('rec').hidden = state === 'off';
    $('rec').dataset.state = state;
    set($('rec-text'), state === 'off' ? '' : t(MARKS[state]) + this.#missing());
    $('consent').hidden = !this.#matters;
    if (this.#matters) set($('consent'), t(this.#agreed ? 'consentTakeBack' : 'consentGive'));
    const may = this.#visit.may('record') && recording && recording.policy !== 'nobody';
    $('record').hidden = !may;
    set($('record'), t(state === 'off' ? 'recordStart' : 'recordStop'));
    $('record-pause').hidden = !may || state === 'off' || state === 'asking';
    set($('record-pause'), t(state === 'paused' ? 'recordResume' : 'recordPause'));
  }
}
