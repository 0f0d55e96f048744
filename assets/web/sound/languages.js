// languages.js - into what interpreters of a clinic speak most, as ISO 639 names it.
export const LANGUAGES = ['ar', 'de', 'en', 'es', 'fa', 'fr', 'hi', 'ht', 'it', 'ja', 'ko', 'pl', 'pt', 'ru', 'so', 'sw', 'th', 'tl', 'uk', 'ur', 'vi', 'zh'];
