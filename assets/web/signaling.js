// signaling.js - the WebSocket to the gateway: joins, keeps itself alive, reconnects for ever until told to stop.
// Events: 'message' (detail: the parsed object), 'up', 'down'. join() gives the first message of each: it may resume.
const FIRST_MS = 300;
const LAST_MS = 2000;
const CONNECT_MS = 5000;
const PING_MS = 2000;
const SILENCE_MS = 6000;
const NUDGE_MS = 1200;
const REPLY_MS = 8000;
const PREPARED_MS = 9000;
const OFFLINE = { code: 'offline', message: 'not connected' };

export class Signaling extends EventTarget {
  #url;
  #join;
  #socket = null;
  #attempt = 0;
  #retry = 0;
  #watch = 0;
  #heard = 0;
  #ids = 0; // one row of them: a refused ping is nobody's answer
  #pending = new Map(); // id -> {resolve, reject, timer}
  #stopped = true;

  constructor(url, join) {
    super();
    this.#url = url;
    this.#join = join;
  }

  get open() {
    return !!this.#socket && this.#socket.readyState === WebSocket.OPEN;
  }

  // Opens the socket ahead of start(), so that joining does not wait for it. The server keeps it for 10 s without a join.
  prepare() {
    if (this.#stopped && !this.#socket) this.#open();
  }

  start() {
    const ready = this.#socket && performance.now() - this.#heard < PREPARED_MS;
    this.#stopped = false;
    this.#attempt = 0;
    if (!ready) return this.#connect();
    this.#heard = performance.now();
    this.#watch = setInterval(() => this.#check(), PING_MS);
    if (this.open) this.send(this.#join());
    return undefined;
  }

  stop() {
    this.#stopped = true;
    this.#drop();
    clearTimeout(this.#retry);
  }

  // The line may have changed: asks, or tries, now.
  nudge() {
    if (this.#stopped) return;
    if (this.open) {
      const asked = performance.now();
      const socket = this.#socket;
      this.#ping();
      setTimeout(() => {
        if (this.#socket === socket && this.#heard < asked) this.reconnect(); // e.g. dead since the screen was locked
      }, NUDGE_MS);
    } else this.reconnect();
  }

  // A new connection at once, even if the present one still seems to work.
  reconnect() {
    if (this.#stopped) return;
    this.#attempt = 0;
    this.#connect();
  }

  // A message that is answered; it fails with an Error with the server's `code`, "timeout" or "offline".
  request(message) {
    const id = ++this.#ids;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#reply(id, { code: 'timeout', message: 'no answer' }), REPLY_MS);
      this.#pending.set(id, { resolve, reject, timer });
      if (!this.send({ ...message, id })) this.#reply(id, OFFLINE);
    });
  }

  #reply(id, problem) {
    const request = this.#pending.get(id);
    if (!request) return false;
    this.#pending.delete(id);
    clearTimeout(request.timer);
    if (problem) request.reject(Object.assign(new Error(problem.message), { code: problem.code, reason: problem.reason }));
    else request.resolve();
    return true;
  }

  send(message) {
    if (!this.open) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect() {
    this.#drop();
    clearTimeout(this.#retry);
    this.#open();
    this.#watch = setInterval(() => this.#check(), PING_MS);
  }

  #open() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heard = performance.now();
    const mine = (f) => (e) => {
      if (this.#socket === socket) f(e);
    };
    socket.onopen = mine(() => {
      this.#heard = performance.now();
      this.send(this.#join());
    });
    socket.onmessage = mine((e) => this.#receive(e.data));
    socket.onclose = mine(() => this.#lost());
  }

  #receive(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch (e) {
      return;
    }
    if (!message || (this.#stopped && message.type !== 'prepared')) return; // the time of a prepared socket is over
    if (!this.#stopped) this.#heard = performance.now();
    if (message.type === 'pong') return;
    if (message.type === 'ok' || message.type === 'error') {
      const mine = this.#reply(message.id, message.type === 'error' ? message : null);
      if (mine && !message.fatal) return;
    }
    if (message.type === 'joined' || message.type === 'waiting') {
      this.#attempt = 0;
      this.dispatchEvent(new Event('up'));
    }
    this.dispatchEvent(new CustomEvent('message', { detail: message }));
  }

  #check() {
    const silent = performance.now() - this.#heard;
    if (silent > (this.open ? SILENCE_MS : CONNECT_MS)) this.#lost();
    else if (this.open) this.#ping();
  }

  #ping() {
    this.send({ type: 'ping', id: ++this.#ids });
  }

  #lost() {
    this.#drop();
    if (this.#stopped) return;
    this.dispatchEvent(new Event('down'));
    const wait = Math.min(LAST_MS, FIRST_MS * 2 ** this.#attempt++) * (0.8 + 0.4 * Math.random());
    this.#retry = setTimeout(() => this.#connect(), Math.min(LAST_MS, wait));
  }

  #drop() {
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.close();
    for (const id of [...this.#pending.keys()]) this.#reply(id, OFFLINE);
  }
}
