// recording.js - what few people see of a recording: the question to the person, and what a host is told when it ended by itself.
// Fetched, with its words and its looks, when one of them is needed; what it needs of the page is given to it.
import { $, make, Part, set } from '../part.js';

const TEXT_VERSION = '2'; // of consentText and consentTitle: another text, another number, here and in the server
const REASONS = ['disk_full', 'disk_error'];

export class Asked extends Part {
  #visit;
  #page;
  #ask;
  #came;
  #alert = null;
  #why = '';
  ready = new Promise((resolve) => (this.#came = resolve)); // true: the words are there

  constructor(visit, page, ask) {
    super(import.meta.url);
    this.#visit = visit;
    this.#page = page;
    this.#ask = ask;
  }

  draw() {
    this.#came(this.knows('consentTitle'));
    if (!this.#alert) return;
    set(this.#alert.firstChild, this.t(`ended_${this.#why}`));
    set(this.#alert.lastChild, this.t('understood'));
  }

  // Closing the question without an answer is none: nothing is recorded, and the button stays. What is said elsewhere answers it too.
  async ask(still) {
    const answer = await this.#ask(this.t('consentTitle'), this.t('consentText'), this.t('consentYes'), this.t('consentNo'), { calm: true, still });
    if (answer !== null && this.#visit.inVisit) await this.say(answer);
  }

  async say(agree) {
    try {
      await this.#visit.consent(agree, TEXT_VERSION);
      this.#page.note(this.t(agree ? 'consentGiven' : 'consentRefused'));
    } catch (e) {
      if (this.#visit.inVisit && e.code !== 'conflict') this.#page.note(this.t('notSaid'));
    }
  }

  // "start", "stop", "pause" or "resume", by a host.
  async command(value) {
    try {
      await this.#visit.host('record', undefined, value);
    } catch (e) {
      if (this.#visit.inVisit) this.#page.note(this.t({ forbidden: 'notAllowed', disk_full: 'noSpace' }[e.code] || 'notDone'));
    }
  }

  // Stays until somebody has read it, or the next recording begins ('').
  tell(why) {
    if (this.#alert) this.#alert.remove();
    this.#alert = null;
    if (!why) return;
    this.#why = REASONS.includes(why) ? why : 'failed';
    this.#alert = make('div', { id: 'rec-ended' }, make('p'), make('button', { type: 'button' }));
    this.#alert.setAttribute('role', 'alert');
    this.#alert.lastChild.addEventListener('click', () => this.tell(''));
    $('knocks').after(this.#alert);
    this.draw();
  }
}
