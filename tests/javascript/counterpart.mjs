// A client in another language, on another library: each command reads JSON from standard input and answers in JSON.
//
//   node counterpart.mjs ledger URL PUBKEY    sums every account from a relay, signatures checked by nostr-tools
//   node counterpart.mjs publish URL          signs templates with a fresh key, publishes them, reads them back
//   node counterpart.mjs judge                says of each event which id it should have, and whether it is verified
//   node counterpart.mjs open SECRET PUBKEY   opens NIP-44 payloads
//   node counterpart.mjs seal SECRET PUBKEY   seals texts by NIP-44
import { text } from 'node:stream/consumers'
import { finalizeEvent, generateSecretKey, getEventHash, verifyEvent } from 'nostr-tools/pure'
import { Relay } from 'nostr-tools/relay'
import * as nip44 from 'nostr-tools/nip44'

const PAGE = 500
const SIGN = { grant: 1n, refund: 1n, debit: -1n, reverse: -1n, expire: -1n }
const KIND = 30078

function query(relay, filter) {
  return new Promise((resolve, reject) => {
    const events = []
    const subscription = relay.subscribe([filter], {
      onevent: event => events.push(event),
      oneose: () => { resolve(events); subscription.close() },
      onclose: reason => reject(new Error(reason)),
    })
  })
}

async function everything(relay, author) {
  const found = new Map()
  let until
  for (;;) {
    const page = await query(relay, { kinds: [KIND], authors: [author], limit: PAGE, ...(until && { until }) })
    const fresh = page.filter(event => !found.has(event.id))
    fresh.forEach(event => found.set(event.id, event))
    if (fresh.length === 0) return [...found.values()]
    until = Math.min(...page.map(event => event.created_at))
  }
}

async function ledger(relay, author) {
  const streams = {}
  for (const event of await everything(relay, author)) {
    const tags = Object.fromEntries(event.tags)
    if (tags.v !== 'ul1' || !tags.p) continue
    const name = `${tags.p}:${tags.s.split(':')[1]}`
    const stream = (streams[name] ??= { entries: 0, last: 0, stated: '0', summed: 0n })
    stream.entries += 1
    stream.summed += (SIGN[tags.op] ?? 0n) * BigInt(tags.tokens)
    if (Number(tags.seq) > stream.last) Object.assign(stream, { last: Number(tags.seq), stated: tags.balance })
  }
  return streams
}

async function publish(relay, templates) {
  const secret = generateSecretKey()
  const events = templates.map(template => finalizeEvent(template, secret))
  for (const event of events) await relay.publish(event)
  return { events, stored: await query(relay, { ids: events.map(event => event.id) }) }
}

function judge(events) {
  return events.map(event => ({ id: getEventHash(event), verified: verifyEvent(event) }))
}

async function connected(url, work) {
  const relay = await Relay.connect(url)
  try {
    return await work(relay)
  } finally {
    relay.close()
  }
}

const conversation = (secret, pubkey) => nip44.getConversationKey(Buffer.from(secret, 'hex'), pubkey)
const commands = {
  ledger: (url, author) => connected(url, relay => ledger(relay, author)),
  publish: async (url, input) => connected(url, relay => publish(relay, input)),
  judge,
  open: (secret, pubkey, input) => input.map(payload => nip44.decrypt(payload, conversation(secret, pubkey))),
  seal: (secret, pubkey, input) => input.map(plain => nip44.encrypt(plain, conversation(secret, pubkey))),
}

const [command, ...words] = process.argv.slice(2)
const input = JSON.parse((await text(process.stdin)) || 'null')
const answer = await commands[command](...words, input)
console.log(JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
