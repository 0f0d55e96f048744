// seat.js - what a person knows of a visit and can ask for there; tessera.js carries the messages.
export class Seat extends EventTarget {
  me = null;
  roster = [];
  layout = null;
  locked = false;
  recording = null;
  layouts = null; // {layout: the name in use, layouts: [{name, title}]}, for those who may choose
  knocks = new Map(); // seat -> {seat, name, role}

  on(name, f) {
    this.addEventListener(name, (e) => f(e.detail));
    return this;
  }

  // As the server's `joined` says it.
  // `phone`: {number: on file, masked}; null = the server has no telephone.
  become({ seat, name, role, roomName: room = '', muted = false, tiers = [], host = false, may = [], fixed = false, signing = false, language = '', phone = null }) {
    this.me = { seat, name, role, room, muted, tiers, host, may, fixed, signing, language, phone, hand: false };
  }

  // Promises fail with an Error whose `code` says why ("forbidden", "rate_limited", ...).
  chat(text) {
    return this.request({ type: 'chat', text });
  }

  hand(raised) {
    return this.request({ type: 'hand', raised });
  }

  // op: one of me.may; seat: whom it is about; value: of "lock" and "tier".
  host(op, seat, value) {
    const message = { type: 'host', op };
    if (seat !== undefined) message.seat = seat;
    if (value !== undefined) message.value = value;
    return this.request(message);
  }

  // The person's own telephone for sound. op: "call" (number, unless one is on file: me.phone.number), "hang_up", "audio" (on).
  phone(op, more) {
    return this.request({ type: 'phone', op, ...more });
  }

  // To being recorded, at any time. `version`: of the text that was shown.
  consent(agree, version) {
    return this.request({ type: 'consent', agree, version });
  }

  may(op) {
    return !!this.me && this.me.may.includes(op);
  }

  // The picture's rectangles: [{seat, content, id, name, x, y, w, h}] in units of layout.width and layout.height; `content`: the screen
  // that the seat shares, `id`: the seat, or its screen.
  tiles() {
    const name = (seat) => (this.roster.find((p) => p.seat === seat) || {}).name || '';
    return this.layout ? this.layout.tiles.map((tile) => ({ ...tile, id: tile.seat + (tile.content ? ' screen' : ''), name: name(tile.seat) })) : [];
  }
}
