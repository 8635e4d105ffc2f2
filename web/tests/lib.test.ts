import { expect, test } from 'vitest'
import type { Message } from '../src/api/types'
import { cutAt } from '../src/lib/codepoints'
import { periodOf } from '../src/lib/dates'
import { placeCitations, placeFormulas } from '../src/lib/decorate'
import { highlight } from '../src/lib/highlight'
import { shortcutOf } from '../src/lib/shortcuts'
import { branchTo } from '../src/lib/tree'

const message = (id: string, parent_id: string | null, position: number, role: 'user' | 'assistant'): Message => ({
  id, parent_id, position, role, text: id, reasoning: '', document_ids: [], run_id: null, run_status: null, error_code: null, model: null, citations: [], created_at: '',
})
const tree = [
  message('q1', null, 1, 'user'),
  message('a1', 'q1', 2, 'assistant'),
  message('q2', 'a1', 3, 'user'),
  message('a2', 'q2', 4, 'assistant'),
  message('a1b', 'q1', 5, 'assistant'),
  message('q1b', null, 6, 'user'),
]
test('a branch runs from the first message to its head', () => {
  expect(branchTo(tree, 'a2').map((other) => other.id)).toEqual(['q1', 'a1', 'q2', 'a2'])
  expect(branchTo(tree, 'gone')).toEqual([])
  expect(branchTo(tree, null)).toEqual([])
})

test('offsets count characters, also beyond the basic plane', () => {
  const text = '☕🫖 чай 🍵 is ready'
  const characters = [...text]
  for (let start = 0; start < characters.length; start++)
    for (let end = start; end <= characters.length; end++) {
      const parts = cutAt(text, start, end)
      expect(parts.marked).toBe(characters.slice(start, end).join(''))
      expect(parts.before + parts.marked + parts.after).toBe(text)
    }
})

test('chats are grouped by the calendar of the reader', () => {
  const now = new Date(2026, 10, 22, 0, 30)
  expect(periodOf(new Date(2026, 10, 22, 0, 10), now)).toBe('today')
  expect(periodOf(new Date(2026, 10, 21, 23, 50), now)).toBe('yesterday')
  expect(periodOf(new Date(2026, 10, 20, 23, 59), now)).toBe('earlier')
})

test('shortcuts go by the place of the key, whatever the layout writes', () => {
  const press = (code: string, keys: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey', boolean>> = {}) =>
    shortcutOf({ code, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...keys })
  expect(press('KeyO', { ctrlKey: true, shiftKey: true })).toBe('newChat')
  expect(press('KeyK', { metaKey: true })).toBe('search')
  expect(press('Escape')).toBe('stop')
  expect(press('Escape', { shiftKey: true })).toBe('focusInput')
  expect(press('KeyK')).toBeNull()
  expect(press('KeyC', { ctrlKey: true })).toBeNull()
})

const boxOf = (html: string): HTMLElement => {
  const box = document.createElement('div')
  box.innerHTML = html
  document.body.append(box)
  return box
}

test('a known number in brackets becomes a button, an unknown one stays text', () => {
  const box = boxOf('<p>Port 7680 [1], see [9] and <code>[1]</code> <a href="#x">[1]</a>.</p>')
  const text = box.textContent
  placeCitations(box, new Set([1]), (n) => `Source ${n}`)
  expect([...box.querySelectorAll('button')].map((button) => button.getAttribute('aria-label'))).toEqual(['Source 1'])
  expect(box.textContent).toBe(text)
  placeCitations(box, new Set([1, 9]), (n) => `Source ${n}`)
  expect(box.querySelectorAll('button').length).toBe(2)
})

test('formulas are drawn, and one that cannot be read stays as its source', async () => {
  const box = boxOf('<span class="math math-inline">x^2</span><span class="math math-inline">\\frac{a</span><span class="math">\\href{javascript:alert(1)}{x}</span>')
  await placeFormulas(box)
  const [good, bad] = box.querySelectorAll('.math')
  expect(good?.querySelector('math')).not.toBeNull()
  expect(bad?.textContent).toBe('\\frac{a')
  expect(box.innerHTML).not.toMatch(/href="javascript/i)
})

test('code is coloured by classes and never by its own HTML', async () => {
  const html = await highlight('x = "<img src=x onerror=alert(1)>"', 'py')
  expect(html).toContain('hljs-string')
  expect(html).not.toContain('<img')
  expect(await highlight('x', 'constructor')).toBeNull()
})
