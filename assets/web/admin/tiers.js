// tiers.js - what a tier is, in words: its letter says nothing to who sits at a front desk.
const WORDS = { A: 'full quality', B: 'good quality', C: 'small picture', D: 'very small picture', E: 'very small picture, least data', S: 'still pictures' };

export function tierWords(tier) {
  if (tier === 'audio') return 'sound only';
  return WORDS[tier] ? `${WORDS[tier]} (${tier})` : tier;
}
