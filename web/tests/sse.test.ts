import { expect, test } from 'vitest'
import { EventParser, followEvents, type ServerEvent } from '../src/api/sse'

const SOURCE =
  ': hello\n\nid: 1\nevent: status\ndata: {"status":"running"}\n\n' +
  'id: 2\r\nevent: delta\r\ndata: {"text":"Самовар ☕ кипит 🫖"}\r\n\r\n' +
  'id: 3\revent: delta\rdata: one\rdata: two\r\r' +
  ': keep\n\nid: 4\nevent: end\ndata: {"status":"done","error":null}\n\n'

const parse = (chunks: Uint8Array[]): ServerEvent[] => {
  const parser = new EventParser()
  return chunks.flatMap((chunk) => parser.feed(chunk))
}

/** A small repeatable generator, so that a failing split can be run again. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648
}

const bytes = new TextEncoder().encode(SOURCE)
const whole = parse([bytes])

test('the events of a stream are read with every kind of line end', () => {
  expect(whole.map((event) => event.id)).toEqual(['1', '2', '3', '4'])
  expect(whole[1]?.data).toBe('{"text":"Самовар ☕ кипит 🫖"}')
  expect(whole[2]?.data).toBe('one\ntwo')
})

test('a stream cut into single bytes gives the same events', () => {
  expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole)
})

test('a stream cut in two at any byte gives the same events', () => {
  for (let at = 0; at <= bytes.length; at++) expect(parse([bytes.slice(0, at), bytes.slice(at)])).toEqual(whole)
})

test('a stream cut at any random bytes gives the same events', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomOf(seed)
    const chunks: Uint8Array[] = []
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(random() * 9)
      chunks.push(bytes.slice(at, at + size))
      at += size
    }
    expect(parse(chunks), `seed ${seed}`).toEqual(whole)
  }
})

const answer = (text: string): Response => new Response(text)
const collect = async (events: AsyncGenerator<ServerEvent>): Promise<string[]> => {
  const seen: string[] = []
  for await (const event of events) seen.push(`${event.id} ${event.event} ${event.data}`)
  return seen
}

test('a hang-up opens the stream again after the last event seen, and only the end ends it', async () => {
  const asked: (string | null)[] = []
  const answers = [
    () => answer('id: 1\nevent: delta\ndata: a\n\nid: 2\nevent: delta\ndata: b\n\nid: 3\nevent: del'),
    () => {
      throw new TypeError('the line is down')
    },
    () => answer('id: 2\nevent: delta\ndata: b\n\nid: 3\nevent: delta\ndata: c\n\nid: 4\nevent: end\ndata: {}\n\n'),
  ]
  const seen = await collect(
    followEvents({
      open: async (id) => {
        asked.push(id)
        const next = answers.shift()
        if (!next) throw new Error('asked too often')
        return next()
      },
      mayRetry: (error) => error instanceof TypeError,
      isEnd: (event) => event.event === 'end',
      signal: new AbortController().signal,
      firstWaitMs: 1,
    }),
  )
  expect(asked).toEqual([null, '2', '2'])
  expect(seen).toEqual(['1 delta a', '2 delta b', '3 delta c', '4 end {}'])
})

test('an answer that must not be asked again ends the stream with its error', async () => {
  const events = followEvents({
    open: () => Promise.reject(new Error('no such run')),
    mayRetry: () => false,
    isEnd: () => false,
    signal: new AbortController().signal,
  })
  await expect(collect(events)).rejects.toThrow('no such run')
})
