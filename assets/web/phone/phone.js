// phone.js - telephones in a visit: a host calls somebody, and a person uses the own telephone for sound. Fetched, with its words and
// its looks, when the server has one; what it needs of the page is given to it.
import { $, make, Part, set } from '../part.js';

const ALIVE = ['calling', 'ringing', 'answered', 'joined'];
const REASONS = { trunk_silent: 'line_down', trunk_failed: 'line_down', trunk_down: 'line_down', trunk_refused: 'line_down', unavailable: 'line_down', phone_restarted: 'line_down' };

export class Phone extends Part {
  #visit;
  #page;
  #calls = new Map(); // call -> the newest `call` of it
  #host;
  #onward; // where to send a call: its form, and the call while it is open
  #own;
  #bar;

  constructor(visit, page) {
    super(import.meta.url);
    this.#visit = visit;
    this.#page = page;
    this.#host = this.#form('dial', () => this.#dial());
    this.#host.list = make('ul', { id: 'calls' });
    $('people').after(this.#host.list); // for everybody: it rings for somebody
    $('host-tools').prepend(this.#host.box);
    this.#onward = this.#form('send-on', () => this.#sendOn());
    this.#onward.cancel = make('button', { type: 'button', id: 'send-on-cancel' });
    this.#onward.cancel.addEventListener('click', () => this.#closeOnward(true));
    this.#onward.box.append(this.#onward.cancel);
    this.#onward.box.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      e.preventDefault();
      this.#closeOnward(true);
    });
    this.#host.box.before(this.#onward.box);
    this.#own = this.#form('my-phone', () => this.#call());
    $('more-panel').querySelector('.actions').after(this.#own.box);
    this.#bar = make('p', { id: 'on-phone', hidden: true }, make('span'), make('button', { type: 'button' }));
    this.#bar.setAttribute('role', 'status');
    this.#bar.lastChild.addEventListener('click', () => this.#release());
    document.querySelector('#room .strip').append(this.#bar);
    visit.on('call', (call) => this.#changed(call));
    visit.on('phone', (on) => this.#bound(on));
    visit.on('me', () => this.draw());
    visit.on('roster', () => this.#drawCalls());
    visit.on('ended', () => this.#calls.clear());
  }

  // A number to call: field, button, what is wrong with it.
  #form(id, submit) {
    const label = make('label', { htmlFor: id + '-number' });
    const number = make('input', { id: id + '-number', type: 'tel', maxLength: 32, autocomplete: id === 'dial' ? 'off' : 'tel', dir: 'ltr', placeholder: '+1 555 0100' });
    const hint = make('p', { className: 'hint', id: id + '-hint' });
    const problem = make('p', { id: id + '-problem' });
    problem.setAttribute('role', 'alert');
    number.setAttribute('aria-describedby', `${hint.id} ${problem.id}`);
    const button = make('button', { type: 'submit', className: 'primary', id: id + '-call' });
    const box = make('form', { id, className: 'phone', noValidate: true }, label, number, hint, button, problem);
    box.addEventListener('submit', (e) => {
      e.preventDefault();
      set(problem, '');
      submit();
    });
    return { box, label, number, hint, button, problem };
  }

  #why(code) {
    const key = REASONS[code] || code;
    return this.t(this.knows(key) ? key : 'failed');
  }

  async #dial() {
    const { number, problem } = this.#host;
    try {
      await this.#visit.host('dial', undefined, number.value.trim());
      number.value = '';
    } catch (e) {
      set(problem, this.#why(e.reason || e.code));
      number.focus();
    }
  }

  async #sendOn() {
    const { number, problem, call } = this.#onward;
    try {
      await this.#visit.request({ type: 'host', op: 'dial', call, value: number.value.trim() });
      this.#page.note(this.t('sendOnAsked'));
      this.#closeOnward(true);
    } catch (e) {
      set(problem, this.#why(e.reason || e.code));
      number.focus();
    }
  }

  #openOnward(call) {
    const { number, problem } = this.#onward;
    this.#onward.call = call;
    number.value = '';
    set(problem, '');
    this.#drawOnward();
    number.focus();
  }

  // The focus goes back to what opened it, if the person was in it and the call is still there.
  #closeOnward(back) {
    const row = [...this.#host.list.children].find((r) => r.dataset.call === this.#onward.call);
    const inside = this.#onward.box.contains(document.activeElement);
    this.#onward.call = '';
    this.#drawOnward();
    if (inside || back) (row && row.isConnected ? row.querySelector('.send-on') : this.#host.number).focus();
  }

  async #call() {
    const { number, problem } = this.#own;
    const written = number.value.trim();
    try {
      await this.#visit.phone('call', written ? { number: written } : {});
    } catch (e) {
      set(problem, this.#why(e.reason || e.code));
      number.focus();
    }
  }

  async #release() {
    try {
      await this.#visit.phone('hang_up');
    } catch (e) {
      if (this.#visit.inVisit) this.#page.note(this.t('notDone'));
    }
  }

  #mine(call) {
    return !!this.#visit.me && call.seat === this.#visit.me.seat;
  }

  #name(call) {
    const person = this.#visit.roster.find((p) => p.seat === call.seat);
    if (person && (call.rescue || !call.number)) return person.name;
    return (this.#visit.may('dial') ? call.number : call.name) || call.name || call.number || '';
  }

  #changed(call) {
    if (!call) return this.#calls.clear(); // joined anew: those there are come next
    const before = this.#calls.get(call.call);
    if (call.state === 'transfer_failed') return this.#page.note(`${this.#name(call)}: ${this.t('transferFailed')}`);
    if (ALIVE.includes(call.state)) this.#calls.set(call.call, call);
    else this.#calls.delete(call.call);
    const name = this.#name(call);
    const matters = this.#mine(call) || this.#visit.may('dial');
    if (call.state === 'ended' && before && matters && (call.direction === 'out' || call.reason === 'transferred')) this.#page.note(`${name}: ${this.#why(call.reason)}`);
    else if (call.rescue && !before && call.state !== 'ended' && !this.#mine(call)) this.#page.note(this.t('phoneRescue', { name }));
    else if (ALIVE.includes(call.state) && call.state !== 'joined') this.#page.say(`${name}: ${this.t(call.state)}`);
    return this.draw();
  }

  #bound(on) {
    if (!on) this.#page.note(this.t('phoneOver'));
    this.draw();
  }

  draw() {
    const { me, onPhone } = this.#visit;
    if (!me) return;
    this.#host.box.hidden = !this.#visit.may('dial');
    set(this.#host.label, this.t('dialNumber'));
    set(this.#host.hint, this.t('dialHint'));
    set(this.#host.button, this.t('dialCall'));
    this.#drawOwn(me, onPhone);
    this.#drawCalls();
    this.#drawOnward();
  }

  #drawOwn(me, onPhone) {
    const call = [...this.#calls.values()].find((c) => this.#mine(c) && c.state !== 'joined');
    const filed = me.phone && me.phone.number.replace(/^\D+/, '…');
    const own = this.#own;
    own.box.hidden = !this.#visit.may('phone') || onPhone || !!call;
    set(own.label, this.t('phoneMine'));
    set(own.hint, filed ? this.t('phoneFiled', { number: filed }) : this.t('phoneHint'));
    set(own.button, this.t('phoneUse'));
    this.#bar.hidden = !onPhone && !call;
    set(this.#bar.firstChild, onPhone ? this.t('phoneOn') : call ? this.t('phoneWait', { state: this.t(call.state) }) : '');
    set(this.#bar.lastChild, this.t(onPhone ? 'phoneBack' : 'cancel'));
  }

  // Rows are changed in place: the focus may be in one. Who may not call sees whom it rings for, until the roster has them.
  #drawCalls() {
    const { list } = this.#host;
    const may = this.#visit.may('dial');
    const calls = [...this.#calls.values()].filter((c) => may || (!this.#mine(c) && c.state !== 'joined'));
    for (const row of [...list.children]) if (!calls.some((c) => c.call === row.dataset.call)) row.remove();
    for (const call of calls) {
      let row = [...list.children].find((r) => r.dataset.call === call.call);
      if (!row) {
        row = make('li', {}, make('bdi', { dir: 'auto' }), make('small'), make('button', { type: 'button' }), make('button', { type: 'button', className: 'send-on' }));
        row.dataset.call = call.call;
        row.lastChild.addEventListener('click', () => this.#openOnward(call.call));
        row.children[2].addEventListener('click', () => this.#visit.request({ type: 'host', op: 'dial', value: false, call: call.call }).catch(() => this.#page.note(this.t('notDone'))));
        list.append(row);
      }
      set(row.firstChild, this.#name(call));
      const { clear } = this.#visit.roster.find((p) => p.seat === call.seat) || {};
      set(row.children[1], this.t(call.state) + (clear ? ` · ${this.t('clear')}` : ''));
      row.lastChild.hidden = !may || call.state !== 'joined';
      set(row.lastChild, row.lastChild.hidden ? '' : this.t('sendOn'));
      row.lastChild.setAttribute('aria-label', `${this.t('sendOn')} ${this.#name(call)}`);
      row.children[2].hidden = !may;
      set(row.children[2], this.t('dialHangUp'));
      row.children[2].setAttribute('aria-label', `${this.t('dialHangUp')} ${this.#name(call)}`);
    }
  }

  #drawOnward() {
    const form = this.#onward;
    const call = this.#calls.get(form.call);
    if (form.call && !(call && call.state === 'joined' && this.#visit.may('dial'))) return this.#closeOnward(false);
    form.box.hidden = !call;
    set(form.label, call ? this.t('sendOnTo', { name: this.#name(call) }) : '');
    set(form.hint, this.t('sendOnHint'));
    set(form.button, this.t('sendOn'));
    set(form.cancel, this.t('cancel'));
  }
}
