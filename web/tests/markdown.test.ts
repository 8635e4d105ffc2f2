import { expect, test } from 'vitest'
import { MarkdownStream, allowedAddress, readMarkdown } from '../src/lib/markdown'
import { safeHtml } from '../src/lib/safe-html'

const SOURCE = [
  '# Title of *this*\n\nA **bold** word, `code`, a [link](https://example.org/a_b) and 2 * 3 = 6, a_b_c, 50%.\n\n',
  '```py\nx = 1\n\ny = "``"\n```\n\n- one\n- two **deep**\n\n  more\n\n1. first\n2. second\n\n',
  '| a | b |\n|---|:-:|\n| 1 | **2** |\n| 3 | 4 |\n\n> quoted\n> text\n\n',
  'Energy $E = mc^2$ and \\(a+b\\).\n\n$$\n\\int_0^1 x\\,dx\n$$\n\nSee [1] and [2].\n\nend\n',
].join('')

const shown = (stream: MarkdownStream): string => {
  const box = document.createElement('div')
  box.innerHTML = stream.blocks.map((block) => (block.kind === 'code' ? '' : block.content)).join('')
  for (const hidden of box.querySelectorAll('[hidden]')) hidden.remove()
  const code = stream.blocks.map((block) => (block.kind === 'code' ? block.content : '')).join('')
  return ((box.textContent ?? '') + code).replace(/\s+/g, '')
}

test('a text that arrives in pieces ends as the same blocks as the whole text', () => {
  const whole = readMarkdown(SOURCE)
  for (const size of [1, 2, 3, 7, 11, 64]) {
    const stream = new MarkdownStream()
    for (let at = 0; at < SOURCE.length; at += size) stream.append(SOURCE.slice(at, at + size))
    stream.finish()
    expect(stream.blocks).toEqual(whole)
  }
})

test('what the reader sees never shrinks while the text grows', () => {
  for (const size of [1, 3, 13]) {
    const stream = new MarkdownStream()
    let longest = 0
    for (let at = 0; at < SOURCE.length; at += size) {
      stream.append(SOURCE.slice(at, at + size))
      const { length } = shown(stream)
      expect(length, `after ${JSON.stringify(SOURCE.slice(Math.max(0, at - 20), at + size))}`).toBeGreaterThanOrEqual(longest)
      longest = length
    }
    stream.finish()
    expect(shown(stream).length).toBeGreaterThanOrEqual(longest)
  }
})

test('what is shown keeps up with what has arrived', () => {
  const stream = new MarkdownStream()
  const text = 'This is **a bold sentence that goes on** and then more words follow here.'
  for (const [index, character] of [...text].entries()) {
    stream.append(character)
    expect(shown(stream).length).toBeGreaterThan(text.slice(0, index + 1).replace(/[\s*]/g, '').length - 12)
  }
})

test('frozen blocks stay the same objects', () => {
  const stream = new MarkdownStream()
  stream.append('one\n\ntwo\n\nthree')
  const [first] = stream.blocks
  stream.append(' grows\n\nfour')
  expect(stream.blocks[0]).toBe(first)
})

const html = (text: string): string => readMarkdown(text).map((block) => safeHtml(block.content)).join('')

test('a picture is never an image: a link stands in for it', () => {
  for (const text of ['![alt](https://evil.example/x.png)', '![alt][r]\n\n[r]: https://evil.example/x.png', '<img src=https://evil.example/x>']) {
    const box = document.createElement('div')
    box.innerHTML = html(text)
    expect(box.querySelector('img, picture, source, video')).toBeNull()
  }
  expect(html('![alt](https://evil.example/x.png)')).toContain('>alt</a>')
})

test('raw HTML is shown as text', () => {
  const box = document.createElement('div')
  box.innerHTML = html('<b onclick=x>hi</b> and <script>alert(1)</script>\n\n<button class="citation">[1]</button>')
  expect(box.querySelector('b, script, button')).toBeNull()
  expect(box.textContent).toContain('<script>alert(1)</script>')
})

test('only web, mail and in-page addresses become links', () => {
  for (const address of ['javascript:alert(1)', 'JaVa\u0001Script:alert(1)', 'data:text/html,x', 'vbscript:x', '/api/session', 'file:///etc/passwd', '//evil.example'])
    expect(allowedAddress(address), address).toBeNull()
  for (const address of ['https://a.example', 'http://a.example', 'mailto:a@b.example', '#part']) expect(allowedAddress(address)).toBe(address)
  expect(html('[x](javascript:alert(1))')).not.toContain('<a')
  expect(html('[x](https://a.example)')).toContain('rel="noopener noreferrer"')
})

test('a definition cannot turn a citation into a link', () => {
  expect(html('As said [1].\n\n[1]: https://evil.example')).not.toMatch(/<a[^>]*>1<\/a>/)
})

test('a formula keeps its source out of sight until it is drawn', () => {
  const box = document.createElement('div')
  box.innerHTML = html('So $\\frac{a}{b} < c$ holds.')
  expect(box.querySelector('[hidden]')?.textContent).toBe('\\frac{a}{b} < c')
  expect(box.textContent?.replace('\\frac{a}{b} < c', '')).toBe('So ab < c holds.\n')
})
