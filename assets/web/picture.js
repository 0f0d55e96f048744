// picture.js - the composite on the screen: plays it, fits it, puts a button over every tile, zooms to one.
import { t } from './strings.js';
import { $, make } from './part.js';

const STEP_PX = 16; // what is told of the size on the screen
const MOST_PX = 32768;
const TELL_MS = 300;
const UPRIGHT = 1.2; // the place of the picture is that much higher than wide: a telephone held upright

const called = ({ content, frozen, name }) => (frozen ? `${name} \u23f8` : content ? t('screenOf', { name }) : name);

export class Picture {
  zoomed = ''; // the tile that is shown alone
  #visit;
  #page;
  #buttons = new Map(); // id of a tile -> button over it
  #whole = false; // an iPhone shows the picture alone, in full screen
  #tellTimer = 0;

  constructor(visit, page) {
    this.#visit = visit;
    this.#page = page;
    visit.on('stream', (stream) => this.#stream(stream));
    visit.on('layout', () => this.#layout());
    visit.on('roster', () => this.#layout());
    document.addEventListener('words', () => this.#layout());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && visit.inVisit) this.#play(); // phones pause it behind the lock screen
    });
    visit.on('media', () => this.#output());
    $('unblock').addEventListener('click', () => this.#play());
    $('zoom-out').addEventListener('click', () => {
      const id = this.zoomed;
      this.zoom('');
      if (this.#buttons.has(id)) this.#buttons.get(id).focus();
    });
    $('composite').addEventListener('resize', () => this.fit());
    if (window.ResizeObserver) new ResizeObserver(() => this.fit()).observe($('stage'));
    else addEventListener('resize', () => this.fit());
    this.#fullScreen();
  }

  show() {
    this.zoom('');
    this.#stream(this.#visit.stream);
    this.#output();
    this.#layout();
    this.fit();
  }

  hide() {
    this.zoom('');
    const leave = document.exitFullscreen || document.webkitExitFullscreen;
    if (document.fullscreenElement || document.webkitFullscreenElement) Promise.resolve(leave.call(document)).catch(() => {});
  }

  #stream(stream) {
    const video = $('composite');
    if (video.srcObject !== stream) video.srcObject = stream;
    $('unblock').hidden = true;
    if (stream) this.#play();
  }

  #output() {
    const { output } = this.#visit.media.chosen;
    const video = $('composite');
    if (output && video.setSinkId && video.sinkId !== output) video.setSinkId(output).catch(() => {});
  }

  // Some browsers want a touch before they play sound.
  async #play() {
    const video = $('composite');
    video.muted = false;
    try {
      await video.play();
      $('unblock').hidden = true;
    } catch (e) {
      if (e.name !== 'NotAllowedError') return;
      video.muted = true;
      $('unblock').hidden = false;
      video.play().catch(() => {});
    }
  }

  #size() {
    const { layout } = this.#visit;
    const video = $('composite');
    const width = (layout && layout.width) || video.videoWidth || 16;
    const height = (layout && layout.height) || video.videoHeight || 9;
    return { width, height };
  }

  #tiles() {
    return this.#visit.tiles().map((tile) => (tile.frozen ? { ...tile, id: `${tile.seat} still` } : tile));
  }

  #layout() {
    const tiles = this.#tiles();
    const names = tiles.filter((tile) => tile.name).map(called);
    const label = names.length ? t('picture', { names: names.join(', ') }) : t('pictureEmpty');
    if ($('composite').getAttribute('aria-label') !== label) $('composite').setAttribute('aria-label', label);
    this.#place(tiles);
    if (this.zoomed && !tiles.some((tile) => tile.id === this.zoomed)) this.zoom('');
    else this.fit();
  }

  // With one tile there is nothing to zoom to.
  #place(tiles) {
    const { width, height } = this.#size();
    const shown = tiles.length > 1 ? tiles.filter((tile) => tile.name) : [];
    for (const [id, b] of this.#buttons) {
      if (shown.some((tile) => tile.id === id)) continue;
      b.remove();
      this.#buttons.delete(id);
    }
    for (const [zIndex, tile] of shown.entries()) {
      const { id, x, y, w, h } = tile;
      let b = this.#buttons.get(id);
      if (!b) {
        b = make('button', { type: 'button' });
        b.addEventListener('click', () => this.zoom(id, true));
        b.addEventListener('focus', () => this.#stop(b));
        this.#buttons.set(id, b);
        $('tiles').append(b);
      }
      const per = (part, all) => (100 * part) / all + '%';
      Object.assign(b.style, { left: per(x, width), top: per(y, height), width: per(w, width), height: per(h, height), zIndex });
      b.setAttribute('aria-label', t('zoomTo', { name: called(tile) }));
    }
    const all = [...this.#buttons.values()];
    this.#stop(all.find((b) => b.tabIndex === 0) || all[0]);
  }

  // One stop of the Tab key for all tiles, however many there are; arrow keys go from one to the next.
  #stop(button) {
    for (const b of this.#buttons.values()) b.tabIndex = b === button ? 0 : -1;
  }

  // "": everybody again.
  zoom(id, moved) {
    this.zoomed = id;
    $('tiles').hidden = !!id;
    $('zoom-out').hidden = !id;
    this.fit();
    if (!id) return;
    const tile = this.#tiles().find((one) => one.id === id);
    this.#page.say(t('zoomed', { name: tile ? called(tile) : '' }));
    if (moved) $('zoom-out').focus();
  }

  // The frame is the largest rectangle of the picture's shape in the stage; zooming scales and cuts the picture to one tile.
  fit() {
    const stage = $('stage');
    const { width, height } = this.#size();
    const w = Math.min(stage.clientWidth, (stage.clientHeight * width) / height);
    if (!w) return;
    const h = (w * height) / width;
    this.#tell(w, h);
    Object.assign($('frame').style, { width: `${w}px`, height: `${h}px` });
    const { style } = $('composite');
    const tile = this.zoomed && this.#tiles().find((one) => one.id === this.zoomed);
    if (!tile) {
      style.transform = style.clipPath = '';
      return;
    }
    const px = w / width;
    const scale = Math.min(stage.clientWidth / (tile.w * px), stage.clientHeight / (tile.h * px));
    const x = w / 2 - scale * px * (tile.x + tile.w / 2);
    const y = h / 2 - scale * px * (tile.y + tile.h / 2);
    this.#tell(w * scale, h * scale);
    style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    const cut = [tile.y, width - tile.x - tile.w, height - tile.y - tile.h, tile.x].map((n) => `${n * px}px`);
    style.clipPath = `inset(${cut.join(' ')})`;
  }

  // The server is told how large the picture is on this screen, once that has settled.
  #tell(width, height) {
    clearTimeout(this.#tellTimer);
    this.#tellTimer = setTimeout(() => {
      const { devicePixelRatio, screen } = window;
      const more = devicePixelRatio * (this.#whole ? Math.max(screen.width, screen.height) / width : 1);
      const px = (n) => Math.min(MOST_PX, Math.ceil((more * n) / STEP_PX) * STEP_PX);
      const { clientWidth, clientHeight } = $('stage');
      this.#visit.shownAt({ width: px(width), height: px(height), upright: clientHeight > UPRIGHT * clientWidth || undefined });
    }, TELL_MS);
  }

  #fullScreen() {
    const room = $('room');
    const video = $('composite');
    const enter = room.requestFullscreen || room.webkitRequestFullscreen;
    const leave = document.exitFullscreen || document.webkitExitFullscreen;
    const on = () => !!(document.fullscreenElement || document.webkitFullscreenElement);
    const draw = () => {
      $('fullscreen-text').textContent = t(on() ? 'fullscreenEnd' : 'fullscreen');
    };
    $('fullscreen').hidden = !enter && !video.webkitEnterFullscreen;
    $('fullscreen').addEventListener('click', () => {
      if (!enter) video.webkitEnterFullscreen(); // iPhones: the picture alone
      else Promise.resolve((on() ? leave : enter).call(on() ? document : room)).catch(() => {});
    });
    for (const name of ['webkitbeginfullscreen', 'webkitendfullscreen']) {
      video.addEventListener(name, () => {
        this.#whole = /begin/.test(name);
        this.fit();
      });
    }
    for (const name of ['fullscreenchange', 'webkitfullscreenchange']) document.addEventListener(name, draw);
    document.addEventListener('words', draw);
    draw();
  }
}
