import { createRequire } from 'node:module';
import { holdHearing } from './journey.mjs';
const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('@playwright/test');
const port = Number(process.argv[2]);
const args = ['--no-sandbox','--use-fake-device-for-media-stream','--use-fake-ui-for-media-stream','--autoplay-policy=no-user-gesture-required','--disable-quic','--disable-background-networking','--disable-component-update','--disable-sync','--disable-features=WebRtcHideLocalIpsWithMdns'];
const bs = [];
async function ctx() { const b = await chromium.launch({executablePath:'/usr/bin/chromium', args}); bs.push(b); const c = await b.newContext({locale:'vi-VN', permissions:['camera','microphone']}); await c.addInitScript(() => { for (const f of ['createOffer','setLocalDescription','setRemoteDescription','addTransceiver']) { const o = RTCPeerConnection.prototype[f]; RTCPeerConnection.prototype[f] = function(...a) { console.log(f, f==='setRemoteDescription' ? a[0].sdp : f==='addTransceiver'? String(a[0]) + JSON.stringify(a[1]) : (a[0]?.type ?? '')); try { const r = o.apply(this,a); if (r?.catch) r.catch(e => console.log(f,'failed',e.message)); return r; } catch(e) { console.log(f,'threw',e.message); throw e; } }; } }); c.on('page', p => { p.on('console', m => console.log('console', m.type(), m.text())); p.on('pageerror', e => console.log('pageerror', e.message)); }); return c; }
const {near, far} = await holdHearing(await ctx(), await ctx(), {port});
const dump = async () => { const pc = window.__phientoa.pc(); if (!pc) return 'no pc'; const out = {state: pc.connectionState, ice: pc.iceConnectionState, sig: pc.signalingState, sections: window.__phientoa.sections(), stats: []};
 for (const r of (await pc.getStats()).values()) if (['inbound-rtp','outbound-rtp','candidate-pair','local-candidate','remote-candidate'].includes(r.type)) out.stats.push([r.type, r.kind, r.mid, r.rid, r.packetsReceived ?? r.packetsSent, r.framesDecoded ?? r.framesEncoded, r.state, r.address, r.port, r.active, r.qualityLimitationReason].join(' ')); return out; };
for (let i=0;i<Number(process.argv[3]||2);i++) { await near.waitForTimeout(4000); console.log('near', JSON.stringify(await near.evaluate(dump),null,1)); console.log('far', JSON.stringify(await far.evaluate(dump),null,1)); }
await near.screenshot({path:'/tmp/near.png'}); await far.screenshot({path:'/tmp/far.png'});
for (const b of bs) await b.close();
