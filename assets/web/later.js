// later.js - what nobody needs before Join: fetched in one go while the person looks at camera and microphone.
export { Room } from './room.js';
export { explain } from './nopath.js';
export { checkConnection } from './check.js';
export { start as arrows } from './arrows.js';
export { keepPage } from './keep.js';
