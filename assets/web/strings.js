// strings.js - every word a person reads, one table a language. Short words, no jargon; {name} marks are filled by t().
const tables = {
  en: {
    title: 'Your visit',
    noscript: 'This page needs JavaScript. Please turn it on in your browser settings and reload the page.',
    hello: 'Hello {name}',
    prejoinTitle: 'Ready to join?',
    prejoinLead: 'Check your picture and your sound, then press Join.',
    visitWith: 'Visit: {room}',
    join: 'Join the visit',
    joining: 'Joining…',
    camera: 'Camera',
    microphone: 'Microphone',
    speaker: 'Speaker',
    cameraSwitch: 'Camera on',
    microphoneSwitch: 'Microphone on',
    level: 'Microphone level',
    levelHint: 'Say something: the bar should move.',
    levelPress: 'Press any key or touch the page to test the microphone.',
    preview: 'Your camera picture',
    previewOff: 'Your camera is off. People will see your name.',
    asking: 'Your browser asks if this page may use your camera and microphone. Please choose Allow.',
    noCamera: 'The camera cannot be used. You can join with your voice only.',
    cameraRefused: 'The camera is not allowed on this page. You can join with your voice only. To use the camera, allow it in your browser settings and reload.',
    cameraBusy: 'Another program is using the camera. Close it, or join with your voice only.',
    noMicrophone: 'The microphone cannot be used. You can join, see and hear the others, but they will not hear you.',
    microphoneRefused: 'The microphone is not allowed on this page. You can join, see and hear the others, but they will not hear you. To speak, allow the microphone in your browser settings and reload.',
    insecure: 'This page was not opened over a secure connection, so the camera and the microphone cannot be used. You can still see and hear the others.',
    unsupported: 'This browser is too old for a video visit. Please use a newer version of Chrome, Edge, Firefox or Safari.',
    defaultDevice: '{kind} {n}',
    noDevice: 'None found',
    roomTitle: 'Visit in progress',
    picture: 'Picture of the visit. Shown: {names}.',
    pictureEmpty: 'Picture of the visit',
    mute: 'Mute',
    unmute: 'Unmute',
    cameraOff: 'Camera off',
    cameraOn: 'Camera on',
    leave: 'Leave',
    controls: 'Controls',
    people: 'In this visit',
    you: 'you',
    talking: 'talking',
    mutedMark: 'muted',
    noVideoMark: 'camera off',
    phoneMark: 'by phone',
    roleHost: 'host',
    rolePatient: 'patient',
    roleProvider: 'provider',
    roleInterpreter: 'interpreter',
    roleGuest: 'guest',
    roleObserver: 'observer',
    joined: '{name} has joined.',
    left: '{name} has left.',
    nowMuted: 'Your microphone is off.',
    nowUnmuted: 'Your microphone is on.',
    nowCameraOff: 'Your camera is off.',
    nowCameraOn: 'Your camera is on.',
    hostMuted: 'The host has muted you. The others cannot hear you now.',
    hostUnmuted: 'The host lets you speak again.',
    deviceLost: 'A device was unplugged. We switched to another one if there was one.',
    soundBlocked: 'Turn on sound',
    stateConnecting: 'Connecting…',
    stateLive: 'Connected',
    stateSignal: 'The link to the clinic is being restored. Picture and sound go on.',
    stateMedia: 'The connection was lost. Reconnecting…',
    stateOffline: 'You are offline. We reconnect as soon as your internet is back.',
    qualityLabel: 'Connection: {text}',
    quality0: 'unknown',
    quality1: 'very weak',
    quality2: 'weak',
    quality3: 'fair',
    quality4: 'good',
    quality5: 'very good',
    audioOnly: 'Your connection is weak: sound only for now.',
    joinAgain: 'Join again',
    leftTitle: 'You have left the visit',
    leftText: 'Your camera and your microphone are off. You may close this page.',
    endedTitle: 'The visit has ended',
    endedText: 'Thank you. Your camera and your microphone are off. You may close this page.',
    removedTitle: 'You are no longer in the visit',
    removedText: 'The host has ended your part of the visit. Your camera and your microphone are off. If this was a mistake, please call your clinic.',
    drainingTitle: 'The service is being restarted',
    drainingText: 'Please wait a minute and join again. Your link stays the same.',
    replacedTitle: 'The visit is open in another place',
    replacedText: 'Your link was opened in another window or on another device. Your camera and your microphone are off here.',
    useHere: 'Use it here',
    invalidTitle: 'This link does not work',
    invalidText: 'It may be too old, or a part of it is missing. Open the link from your newest message again. If it still does not work, please call your clinic and ask for a new link.',
    fullTitle: 'The visit is full',
    fullText: 'There is no free place right now. Please try again, or call your clinic.',
    errorTitle: 'Something went wrong',
    errorText: 'Please try again. If it happens again, please call your clinic.',
  },
};
const rightToLeft = ['ar', 'fa', 'he', 'ps', 'ur', 'yi'];

const wanted = (navigator.languages || [navigator.language || 'en']).map((l) => l.toLowerCase().split('-')[0]);
export const language = wanted.find((l) => tables[l]) || 'en';
const table = tables[language];

export function t(key, values) {
  const text = table[key] || tables.en[key] || key;
  return values ? text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all)) : text;
}

export const has = (key) => key in table || key in tables.en;

// Fills every element that carries data-t (text) or data-t-label (accessible name) and sets language and direction of the page.
export function translate(root) {
  document.documentElement.lang = language;
  document.documentElement.dir = rightToLeft.includes(language) ? 'rtl' : 'ltr';
  for (const e of root.querySelectorAll('[data-t]')) e.textContent = t(e.dataset.t);
  for (const e of root.querySelectorAll('[data-t-label]')) e.setAttribute('aria-label', t(e.dataset.tLabel));
}
