// session.js - who is signed in to the clinic's page. The one place that knows how: another way in (OpenID Connect) puts its access
// token here and nothing else changes. Kept by this tab alone, gone when it closes; never in a cookie, an address or a log.
const SLOT = 'tessera-admin';

export const signedIn = () => !!sessionStorage.getItem(SLOT);
export const signIn = (credential) => sessionStorage.setItem(SLOT, credential.trim());
export const signOut = () => sessionStorage.removeItem(SLOT);
export const authorization = () => `Bearer ${sessionStorage.getItem(SLOT) || ''}`;
