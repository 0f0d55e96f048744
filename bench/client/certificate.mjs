// certificate.mjs - a certificate as a clinic would have one: from an intermediate of a certification authority, two on the wire.
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../../tests/browser/lib/processes.mjs';

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

// Writes into `folder`. -> {chain, key: files; pin: what --ignore-certificate-errors-spki-list takes}. A browser that is told to
// ignore errors altogether would not keep what it loaded.
export async function makeCertificate(folder, address) {
  const at = (name) => path.join(folder, name);
  const openssl = (...args) => run('openssl', args);
  const issue = async (name, issuer, extensions) => {
    fs.writeFileSync(at(name + '.ext'), extensions.join('\n'));
    await openssl('req', ...CURVE, '-keyout', at(name + '.key'), '-out', at(name + '.csr'), '-subj', `/O=Tessera bench/CN=${name}`);
    await openssl('x509', '-req', '-in', at(name + '.csr'), '-CA', at(issuer + '.pem'), '-CAkey', at(issuer + '.key'), '-CAcreateserial', '-days', '30', '-extfile', at(name + '.ext'), '-out', at(name + '.pem'));
  };
  await openssl('req', '-x509', ...CURVE, '-keyout', at('root.key'), '-out', at('root.pem'), '-days', '30', '-subj', '/O=Tessera bench/CN=root');
  await issue('intermediate', 'root', ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=critical,keyCertSign,cRLSign']);
  await issue('leaf', 'intermediate', [`subjectAltName=IP:${address}`, 'keyUsage=critical,digitalSignature', 'extendedKeyUsage=serverAuth']);
  fs.writeFileSync(at('chain.pem'), fs.readFileSync(at('leaf.pem'), 'utf8') + fs.readFileSync(at('intermediate.pem'), 'utf8'));
  const pin = await run('bash', ['-c', 'openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64', 'pin', at('leaf.pem')]);
  return { chain: at('chain.pem'), key: at('leaf.key'), pin: pin.trim() };
}
