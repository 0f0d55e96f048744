// peer.js - one RTCPeerConnection to the room. We always offer; the room answers. One stream up, one composite down; a shared screen
// goes up as a second picture.
// Events: 'offer' (detail: sdp), 'candidate' (detail: {candidate, mid}), 'state' (connectionState), 'failed' (make a new Peer).
const DISCONNECTED_MS = 3000;
const ANSWER_MS = 10000;
const CONNECT_MS = 20000;

export class Peer extends EventTarget {
  stream = new MediaStream(); // the composite: one picture, one mix
  #pc;
  #transceivers = {};
  #codec;
  #outstanding = false; // an offer waits for its answer
  #again = null; // what to offer once the answer is here
  #early = []; // candidates that came before the answer
  #timers = {};
  #relays;
  #refused = new Map(); // relay -> why it could not be used
  #remote = []; // the room's candidates
  #local = [];
  #closed = false;
  #answered = ''; // the newest answer, as it came
  #less = null; // what is made of an answer, so that sound goes up in few and small packets

  // `tracks` {audio, video, screen}: a track, true when one may come later without a new offer, false for receive only.
  constructor({ iceServers = [], relay = false, codec = 'h264', tracks }) {
    super();
    this.#relays = iceServers.flatMap((s) => s.urls).filter((url) => /^turns?:/.test(url));
    this.#pc = new RTCPeerConnection({
      iceServers,
      iceTransportPolicy: relay ? 'relay' : 'all',
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
    });
    const streams = [new MediaStream()];
    for (const kind of ['audio', 'video']) {
      const track = tracks[kind];
      this.#transceivers[kind] = this.#pc.addTransceiver(track && track !== true ? track : kind, {
        direction: track ? 'sendrecv' : 'recvonly',
        streams,
      });
    }
    this.#codec = codec;
    preferCodec(this.#transceivers.video, codec);
    if (tracks.screen) this.#addScreen(tracks.screen);
    this.#pc.ontrack = (e) => {
      if (!this.stream.getTracks().includes(e.track)) this.stream.addTrack(e.track);
    };
    this.#pc.onicecandidate = (e) => this.#candidate(e.candidate);
    this.#pc.onicecandidateerror = (e) => e.url && this.#refused.set(e.url, e.errorText || String(e.errorCode));
    this.#pc.onconnectionstatechange = () => this.#stateChanged();
    this.#connectSoon();
  }

  #connectSoon() {
    clearTimeout(this.#timers.connect);
    this.#timers.connect = setTimeout(() => this.#fail(), CONNECT_MS);
  }

  get state() {
    return this.#closed ? 'closed' : this.#pc.connectionState;
  }

  // An offer is on its way, not answered yet.
  get waiting() {
    return this.#outstanding;
  }

  get connection() {
    return this.#pc;
  }

  // Only one offer is on its way at a time; what is asked for meanwhile is offered after the answer.
  async negotiate(restart = false) {
    if (this.#closed) return;
    if (this.#outstanding) {
      this.#again = { restart: restart || !!(this.#again && this.#again.restart) };
      return;
    }
    this.#outstanding = true;
    try {
      const offer = await this.#pc.createOffer({ iceRestart: restart });
      await this.#pc.setLocalDescription(offer);
    } catch (e) {
      this.#fail();
      return;
    }
    if (this.#closed) return;
    this.#await();
    this.#emit('offer', shorten(this.#pc.localDescription.sdp));
  }

  #await() {
    clearTimeout(this.#timers.answer);
    this.#timers.answer = setTimeout(() => this.#fail(), ANSWER_MS);
  }

  // The offer, '' before it has all candidates; the answer is awaited.
  whole() {
    if (this.#closed || this.#pc.iceGatheringState !== 'complete') return '';
    this.#await();
    this.#connectSoon();
    return shorten(this.#pc.localDescription.sdp);
  }

  async answer(sdp) {
    if (this.#closed || this.#pc.signalingState !== 'have-local-offer') return;
    clearTimeout(this.#timers.answer);
    this.#answered = sdp;
    try {
      await this.#pc.setRemoteDescription({ type: 'answer', sdp: this.#less ? this.#less(sdp) : sdp });
    } catch (e) {
      this.#fail();
      return;
    }
    this.#settled();
  }

  #settled() {
    this.#outstanding = false;
    for (const c of this.#early.splice(0)) this.#add(c);
    const again = this.#again;
    this.#again = null;
    if (again) this.negotiate(again.restart);
  }

  // The room's candidates; "" ends them.
  candidate({ candidate, mid }) {
    if (candidate) this.#remote.push(candidate);
    const c = { candidate, sdpMid: mid === undefined ? '0' : String(mid) };
    if (this.#pc.remoteDescription && !this.#outstanding) this.#add(c);
    else this.#early.push(c);
  }

  #add(c) {
    if (this.#closed || !c.candidate) return;
    this.#pc.addIceCandidate(c).catch(() => {}); // e.g. a host name this browser does not resolve
  }

  #candidate(c) {
    if (this.#closed) return;
    if (!c) this.#emit('candidate', { candidate: '', mid: '0' });
    else if (c.candidate) {
      this.#local.push(c.candidate);
      this.#emit('candidate', { candidate: c.candidate, mid: c.sdpMid === null ? '0' : c.sdpMid });
    }
  }

  #addScreen(track) {
    this.#transceivers.screen = this.#pc.addTransceiver(track, { direction: 'sendonly', streams: [new MediaStream()] });
    preferCodec(this.#transceivers.screen, this.#codec);
  }

  // The room takes what is sent as `kind`.
  carries(kind) {
    const transceiver = this.#transceivers[kind];
    return !!transceiver && !!transceiver.sender.track && /send/.test(transceiver.currentDirection);
  }

  // Sends `track` (null: nothing) from now on. A connection made to receive only, or the first screen, is offered anew.
  async send(kind, track) {
    const transceiver = this.#transceivers[kind];
    if (!transceiver) {
      if (this.#closed || !track) return;
      this.#addScreen(track);
      await this.negotiate();
      return;
    }
    if (this.#closed || transceiver.sender.track === track) return;
    try {
      await transceiver.sender.replaceTrack(track);
    } catch (e) {
      this.#fail();
      return;
    }
    if (track && transceiver.direction === 'recvonly') {
      transceiver.direction = 'sendrecv';
      await this.negotiate();
    }
  }

  // What a network that lets nothing through was asked for: {answered, udp, tcp: ["host:port"...], relays: [{url, works}...]}.
  tried() {
    const local = this.#local.join(' ');
    const sdp = (this.#pc.remoteDescription && this.#pc.remoteDescription.sdp) || '';
    const all = [...this.#remote, ...(sdp.match(/candidate:[^\r\n]*/g) || [])].map((c) => c.split(' ')).filter((c) => c[7] === 'host' && c[9] !== 'active'); // who only calls has no port
    const places = (protocol) => [...new Set(all.filter((c) => c[2].toLowerCase() === protocol).map((c) => (c[4].includes(':') ? `[${c[4]}]` : c[4]) + ':' + c[5]))];
    return {
      answered: all.length > 0,
      udp: places('udp'),
      tcp: places('tcp'),
      relays: this.#relays.map((url) => ({ url, works: / relay /.test(local) && !this.#refused.has(url) })),
    };
  }

  // `keep`: fewer pictures rather than smaller ones when the line or the device is slow.
  keepSize(keep) {
    const { sender } = this.#transceivers.video;
    if (!sender.getParameters || this.#closed) return;
    const parameters = { ...sender.getParameters(), degradationPreference: keep ? 'maintain-resolution' : 'balanced' };
    Promise.resolve(sender.setParameters(parameters)).catch(() => {}); // browsers that do not know it refuse
  }

  // What to make of an answer, or null: the newest one is taken once more. False: not now.
  async reduce(less) {
    if (this.#closed || this.#outstanding) return false;
    if (less === this.#less || !this.#answered) return true;
    this.#less = less;
    return this.retake((sdp) => sdp);
  }

  // The newest answer is taken once more, as each of `versions` makes it in turn. False: not now.
  async retake(...versions) {
    if (this.#closed || this.#outstanding || !this.#answered) return false;
    const answer = this.#less ? this.#less(this.#answered) : this.#answered;
    this.#outstanding = true;
    try {
      for (const version of versions) {
        await this.#pc.setLocalDescription(await this.#pc.createOffer());
        await this.#pc.setRemoteDescription({ type: 'answer', sdp: version(answer) });
      }
    } catch (e) {
      this.#fail();
      return true;
    }
    this.#settled();
    return true;
  }

  restartIce() {
    return this.negotiate(true);
  }

  // The offer, or its answer, may be lost with a socket. The same offer gives the same answer.
  resend() {
    if (this.#closed || !this.#outstanding || !this.#pc.localDescription) return;
    this.#emit('offer', shorten(this.#pc.localDescription.sdp));
  }

  #stateChanged() {
    const state = this.state;
    clearTimeout(this.#timers.disconnected);
    if (state === 'connected') clearTimeout(this.#timers.connect);
    if (state === 'disconnected') this.#timers.disconnected = setTimeout(() => this.restartIce(), DISCONNECTED_MS);
    if (state === 'failed') this.#fail();
    else this.#emit('state', state);
  }

  #fail() {
    if (this.#closed) return;
    this.close();
    this.#emit('failed');
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  close() {
    this.#closed = true;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#pc.onicecandidate = this.#pc.onicecandidateerror = this.#pc.onconnectionstatechange = this.#pc.ontrack = null;
    this.#pc.close();
  }
}

// What the room takes of an offer; the rest of a browser's list would take a thin line most of a second.
const CODECS = /^(opus|h264|vp8)$/;
const EXTENSIONS = /sdes:mid|ssrc-audio-level|abs-send-time|transport-wide-cc|playout-delay/;

export function shorten(sdp) {
  const lines = (section, pattern) => new Map([...section.matchAll(pattern)].map(([, pt, value]) => [pt, value.toLowerCase()]));
  return sdp.split(/^(?=m=)/m).map((section) => {
    const names = lines(section, /^a=rtpmap:(\d+) ([\w-]+)/gm);
    const formats = lines(section, /^a=fmtp:(\d+) (.*)/gm);
    const sound = /^m=audio/.test(section);
    const taken = (pt) => (names.get(pt) === 'red' ? sound : CODECS.test(names.get(pt)) && !(names.get(pt) === 'h264' && /mode=0|id=(?!42)/.test(formats.get(pt) || 'mode=0')));
    const repeats = (pt) => names.get(pt) === 'rtx' && taken((/apt=(\d+)/.exec(formats.get(pt)) || [])[1]);
    const kept = [...names.keys()].filter((pt) => taken(pt) || repeats(pt));
    if (!kept.length) return section;
    return section
      .replace(/^(m=\w+ \d+ \S+).*/, (all, head) => [head, ...(all.slice(head.length).match(/\d+/g) || []).filter((pt) => kept.includes(pt))].join(' '))
      .replace(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) .*\r?\n/gm, (line, pt) => (kept.includes(pt) ? line : ''))
      .replace(/^a=extmap:.*\r?\n/gm, (line) => (EXTENSIONS.test(line) ? line : ''));
  }).join('');
}

// H.264 constrained baseline first where it exists: cheapest for tablets, which decode it in hardware.
function preferCodec(transceiver, codec) {
  if (!transceiver.setCodecPreferences || !RTCRtpReceiver.getCapabilities) return;
  const all = (RTCRtpReceiver.getCapabilities('video') || { codecs: [] }).codecs;
  const is = (name) => (c) => c.mimeType.toLowerCase() === 'video/' + name;
  const h264 = all.filter((c) => is('h264')(c) && /packetization-mode=1/.test(c.sdpFmtpLine));
  const baseline = h264.filter((c) => /profile-level-id=42[c-f]0/i.test(c.sdpFmtpLine));
  const others = h264.filter((c) => !baseline.includes(c));
  const vp8 = all.filter(is('vp8'));
  const first = codec === 'vp8' ? vp8 : [...baseline, ...others, ...vp8];
  try {
    // Firefox keeps rtcp-fb lines of codecs that were taken out, which strict parsers refuse
    if (first.length) transceiver.setCodecPreferences([...first, ...all.filter((c) => !first.includes(c))]);
  } catch (e) {
    // an older browser with its own order: the room takes H.264 and VP8 in any order
  }
}
