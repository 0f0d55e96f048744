// recording.js - whether the visit is recorded: the mark, the question to the person, the way to take it back, a host's buttons.
import { t } from './strings.js';
import { act, ask } from './host.js';

const $ = (id) => document.getElementById(id);
const TEXT_VERSION = '1'; // of consentText and consentTitle: another text, another number, here and in the server
const MARKS = { asking: 'recAsking', on: 'recOn', held: 'recHeld', paused: 'recPaused' };

export class Recording {
  #visit;
  #page;
  #shown = 'off';
  #asked = false; // in this recording

  constructor(visit, page) {
    this.#visit = visit;
    this.#page = page;
    visit.on('recording', () => this.#changed());
    visit.on('me', () => this.draw());
    visit.on('roster', () => this.draw());
    $('consent').addEventListener('click', () => (this.#agreed ? this.#say(false) : this.#ask()));
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
    if (this.#state !== this.#shown) this.#page.note(t(MARKS[this.#state] || 'recOff'));
    this.#shown = this.#state;
    if (this.#matters && this.#visit.recording.consent === 'none' && !this.#asked) this.#ask();
  }

  // Closing the question without an answer is none: nothing is recorded, and the button stays.
  async #ask() {
    this.#asked = true;
    const answer = await ask(t('consentTitle'), t('consentText'), t('consentYes'), t('consentNo'), { still: () => this.#matters });
    if (answer !== null && this.#visit.inVisit) this.#say(answer);
  }

  async #say(agree) {
    try {
      await this.#visit.consent(agree, TEXT_VERSION);
      this.#page.note(t(agree ? 'consentGiven' : 'consentRefused'));
    } catch (e) {
      if (this.#visit.inVisit) this.#page.note(t('notDone'));
    }
  }

  #host(value) {
    act(this.#visit, this.#page, 'record', { value, done: '' });
  }

  #missing() {
    const seats = this.#visit.recording.missing || [];
    const names = seats.map((seat) => (this.#visit.roster.find((p) => p.seat === seat) || {}).name).filter(Boolean);
    return names.length && this.#state !== 'paused' ? ' ' + t('recMissing', { names: names.join(', ') }) : '';
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

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
