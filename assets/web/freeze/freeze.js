// freeze.js - a still of somebody's camera or screen: a host has it held, everybody is told whose it is. Fetched, with its words and its
// looks, when there is a host or a still; what it needs of the page is given to it.
import { $, make, Part, set } from '../part.js';

export class Freeze extends Part {
  #visit;
  #page;
  #choice;
  #hold;
  #tools;
  #bar;
  #said = ''; // seat and what of the still that was told

  constructor(visit, page) {
    super(import.meta.url);
    this.#visit = visit;
    this.#page = page;
    this.#choice = make('select', { id: 'freeze-of' });
    this.#hold = make('button', { type: 'submit', id: 'freeze-hold' });
    this.#tools = make('form', { id: 'freeze' }, make('label', { className: 'field' }, make('span'), this.#choice), make('p', { className: 'hint' }), this.#hold);
    this.#tools.addEventListener('submit', (e) => {
      e.preventDefault();
      const [seat, what] = this.#choice.value.split(' ');
      this.#act(seat, what);
    });
    $('layout-choice').after(this.#tools);
    this.#bar = make('p', { id: 'frozen', hidden: true }, make('span', { dir: 'auto' }), make('button', { type: 'button', id: 'freeze-off' }));
    this.#bar.setAttribute('role', 'status');
    this.#bar.lastChild.addEventListener('click', () => this.#frozen && this.#act(this.#frozen.seat, false));
    document.querySelector('#room .strip').append(this.#bar);
    visit.on('me', () => this.draw());
    visit.on('roster', () => this.draw());
  }

  get #frozen() {
    return this.#visit.roster.find((p) => p.frozen);
  }

  async #act(seat, value) {
    try {
      await this.#visit.host('freeze', seat, value);
    } catch (e) {
      if (this.#visit.inVisit) this.#page.note(this.t(this.knows(e.code) ? e.code : 'notDone'));
    }
  }

  draw() {
    if (!this.#visit.me || !this.knows('hold')) return;
    this.#drawTools();
    this.#drawBar();
  }

  // Drawn anew only when it changed: the list may be open.
  #drawTools() {
    const pictures = [];
    for (const p of this.#visit.roster.filter((one) => !one.waiting)) {
      if (p.share) pictures.push([`${p.seat} screen`, this.t('screen', p)]);
      if (p.video) pictures.push([`${p.seat} camera`, this.t('camera', p)]);
    }
    this.#tools.hidden = !this.#visit.may('freeze') || !pictures.length;
    set(this.#tools.querySelector('span'), this.t('title'));
    set(this.#tools.querySelector('.hint'), this.t('hint'));
    set(this.#hold, this.t('hold'));
    const key = pictures.join();
    if (this.#choice.dataset.key === key) return;
    const was = this.#choice.value;
    this.#choice.dataset.key = key;
    this.#choice.replaceChildren(...pictures.map(([value, text]) => new Option(text, value)));
    if (pictures.some(([value]) => value === was)) this.#choice.value = was;
  }

  #drawBar() {
    const p = this.#frozen;
    const own = !!p && p.seat === this.#visit.me.seat;
    const text = p ? this.t((own ? 'own ' : 'of ') + p.frozen, p) : '';
    set(this.#bar.firstChild, text);
    set(this.#bar.lastChild, this.t('off'));
    this.#bar.hidden = !p;
    this.#bar.lastChild.hidden = !this.#visit.may('freeze');
    const said = p ? `${p.seat} ${p.frozen}` : '';
    if (own && said !== this.#said) this.#page.note(text); // the bar says it for as long as it lasts
    this.#said = said;
  }
}
