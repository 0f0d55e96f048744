// chat.js - messages of the visit: kept in this page only, and not longer than the visit.
import { t } from './strings.js';
import { $, make } from './part.js';

const MOST = 200; // messages kept on the page

export class Chat {
  #visit;
  #page;
  #open;
  #unread = 0;

  // `open()`: the panel is on the screen.
  constructor(visit, page, open) {
    this.#visit = visit;
    this.#page = page;
    this.#open = open;
    visit.on('chat', (m) => this.#show(m));
    visit.on('ended', () => this.clear());
    $('chat-form').addEventListener('submit', (e) => {
      e.preventDefault();
      this.#send();
    });
    $('chat-text').addEventListener('keydown', (e) => {
      if (e.key !== 'Enter' || e.shiftKey || e.isComposing || e.keyCode === 229) return; // 229: Safari, while a word is composed
      e.preventDefault();
      this.#send();
    });
  }

  clear() {
    $('chat-log').replaceChildren();
    $('chat-text').value = $('chat-problem').textContent = '';
    this.read();
  }

  read() {
    this.#count(0);
    $('chat-scroll').scrollTop = $('chat-scroll').scrollHeight;
  }

  #count(n) {
    this.#unread = n;
    $('unread').hidden = !n;
    $('unread').textContent = n;
    if (n) $('chat-button').setAttribute('aria-label', `${t('chat')}, ${t('chatUnread', { n })}`);
    else $('chat-button').removeAttribute('aria-label');
  }

  async #send() {
    const field = $('chat-text');
    const text = field.value.trim();
    if (!text) return;
    field.value = '';
    $('chat-problem').textContent = '';
    try {
      await this.#visit.chat(text);
    } catch (e) {
      if (!field.value) field.value = text;
      $('chat-problem').textContent = t({ forbidden: 'notAllowed', rate_limited: 'chatSlow' }[e.code] || 'chatFailed');
    }
  }

  #show({ seat, name, text, at }) {
    const own = !!this.#visit.me && seat === this.#visit.me.seat;
    const when = make('time', { textContent: new Date(at || Date.now()).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' }) });
    const head = make('p', { className: 'from' }, make('bdi', { dir: 'auto' }, own ? t('you') : name), ' ', when);
    const li = make('li', {}, head, make('p', { className: 'text', dir: 'auto' }, text));
    li.classList.toggle('own', own);
    $('chat-log').append(li);
    while ($('chat-log').children.length > MOST) $('chat-log').firstChild.remove();
    if (this.#open()) this.read();
    else if (!own) {
      this.#count(this.#unread + 1);
      this.#page.note(t('chatNew', { name, text: text.length > 80 ? text.slice(0, 80) + '…' : text }));
    }
  }
}
