import { beforeEach, expect, test } from 'vitest'
import type { Block, PageWords } from '../src/api/library-types'
import { addressOf, BEGINNING, readAddress } from '../src/lib/address'
import { readChosen, readEntries } from '../src/lib/folders'
import { asShown } from '../src/lib/json-answer'
import { countPages, warningsOf } from '../src/lib/report'
import { selectedText } from '../src/lib/selection'
import { piecesOf, rowsOf } from '../src/lib/tables'
import { plainName } from '../src/lib/text-direction'
import { boxesOf, layOut, unitsOf } from '../src/lib/text-layer'
import { cutRuns, isSafeTarget } from '../src/lib/text-runs'
import { Library } from '../src/state/library.svelte'
import { Locale } from '../src/state/locale.svelte'
import { lineOf } from '../src/state/report-words'
import { Shelf } from '../src/state/shelf.svelte'
import { Uploads } from '../src/state/uploads.svelte'
import { documentOf, json, pageOf, wire } from './support'

beforeEach(() => localStorage.clear())
const plain = (text: string): string => text.replace(/\u00a0/g, ' ')
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

// The read report

const twelve = [
  ...Array.from({ length: 9 }, (_, index) => pageOf(index + 1)),
  pageOf(10, { status: 'ocr', confidence: 0.93 }),
  pageOf(11, { status: 'ocr', confidence: 0.95 }),
  pageOf(12, { status: 'failed', reason: 'damaged' }),
]

test('the read report is one line that names how many pages were read how', async () => {
  const locale = new Locale()
  await locale.addWords('library')
  const document = documentOf({ page_count: 12, pages: twelve })
  expect(lineOf(locale, document)).toBe('12 pages: 9 text, 2 read by OCR (94% sure), 1 could not be read')
  await locale.use('ru')
  expect(plain(lineOf(locale, document))).toBe('12 страниц: 9 с текстом, 2 распознаны (уверенность 94 %), 1 не прочитана')
})

test('a document without pages is told as a whole, its pictures beside it', async () => {
  const locale = new Locale()
  await locale.addWords('library')
  const figure = { page: null, number: 1, width: 9, height: 9, box: null, alt: '', status: 'described' as const, reason: null, description: 'A cat', described_by: 'm' }
  const document = documentOf({ kind: 'docx', pages: [pageOf(null)], figures: [figure, { ...figure, number: 2, status: 'found' }] })
  expect(lineOf(locale, document)).toBe('Text, read whole · 2 pictures, 1 described')
  expect(lineOf(locale, documentOf({ kind: 'image', pages: [pageOf(1, { status: 'ocr', confidence: 0.5 })] }))).toBe('Read by OCR (50% sure)')
})

test('a document without pages that was read in part is not said to be whole', async () => {
  const locale = new Locale()
  await locale.addWords('library')
  const document = documentOf({ kind: 'xlsx', pages: [pageOf(null, { reason: 'partly_read' })] })
  expect(lineOf(locale, document)).toBe('Text, read in part')
  await locale.use('ru')
  expect(lineOf(locale, document)).toBe('Текст, прочитан не весь')
})

test('pages that failed, were skipped or are not sure are counted as warnings, empty ones are not', () => {
  const counts = countPages([
    pageOf(1, { status: 'no_text', reason: 'empty' }),
    pageOf(2, { status: 'ocr', confidence: 0.4, reason: 'low_confidence' }),
    pageOf(3, { status: 'text', reason: 'partly_read' }),
    pageOf(4, { status: 'skipped', reason: 'pixels' }),
    pageOf(5, { status: 'failed', reason: 'time' }),
  ])
  expect(warningsOf(counts)).toBe(4)
  expect(counts.confidence).toBe(0.4)
})

test('the chip of an attachment says what was not read and what is not sure', async () => {
  const locale = new Locale()
  const document = documentOf({ page_count: 3, pages: [pageOf(1), pageOf(2, { status: 'failed', reason: 'damaged' }), pageOf(3, { status: 'ocr', reason: 'low_confidence', confidence: 0.3 })] })
  expect(locale.extent(document)).toBe('3 pages, 1 without text, 1 not sure')
  await locale.use('ru')
  expect(locale.extent(document)).toBe('3 страницы, без текста: 1, под сомнением: 1')
  expect(locale.progress({ ...document, status: 'reading', stage: 'recognising', pages_read: 1 })).toBe('распознавание: 1 из 3')
})

// The text layer

const words: PageWords = {
  width: 600,
  height: 800,
  words: [
    [0, 5, 60, 80, 60, 12],
    [6, 11, 126, 80, 54, 12],
    [12, 16, 60, 100, 48, 12],
  ],
}
const TEXT = 'Hello world next'

test('each word lies where it stands on the page, and reaches to the next one of its line', () => {
  const laid = layOut(words, TEXT, (text) => text.length / 2)
  expect(laid.map((word) => word.text)).toEqual(['Hello ', 'world ', 'next '])
  expect(laid[0]).toMatchObject({ left: 0.1, top: 0.1, width: 66 / 600, height: 12 / 800, fontSize: 12 / 600 })
  // Five letters of half a line's height make 30 units; the word is 60 wide.
  expect(laid[0]?.stretch).toBe(2)
  expect(laid[1]?.width).toBe(54 / 600)
})

test('a page without a size has no text layer', () => {
  expect(layOut({ ...words, width: 0 }, TEXT, () => 1)).toEqual([])
})

test('characters beyond the first plane count as one', () => {
  const text = 'a😀b😀c'
  const unit = unitsOf(text)
  expect([0, 1, 2, 3, 4, 5].map((place) => text.slice(unit(place), unit(place + 1)))).toEqual(['a', '😀', 'b', '😀', 'c', ''])
  expect(layOut({ width: 9, height: 9, words: [[3, 5, 0, 0, 1, 1]] }, text, () => 1)[0]?.text).toBe('😀c ')
})

test('a mark covers a part of a word, and words of one line together', () => {
  expect(boxesOf(words, { start: 0, end: 11 })).toEqual([{ x: 60, y: 80, width: 120, height: 12 }])
  expect(boxesOf(words, { start: 3, end: 14 })).toEqual([
    { x: 96, y: 80, width: 84, height: 12 },
    { x: 60, y: 100, width: 24, height: 12 },
  ])
  expect(boxesOf(words, { start: 5, end: 6 })).toEqual([])
})

test('what is selected in the layer is copied as it stands in the text of the page', () => {
  document.body.innerHTML = '<section data-page="2"><span data-start="0" data-end="5">Hello </span><span data-start="6" data-end="11">world </span></section><p>outside</p>'
  const [first, second] = [...document.querySelectorAll('span')].map((span) => span.firstChild)
  const select = (from: Node | null | undefined, start: number, to: Node | null | undefined, end: number): Selection | null => {
    if (!from || !to) throw new Error('no such node')
    const range = document.createRange()
    range.setStart(from, start)
    range.setEnd(to, end)
    getSelection()?.removeAllRanges()
    getSelection()?.addRange(range)
    return getSelection()
  }
  const textOf = (): string => 'Hello\tworld'
  expect(selectedText(select(first, 1, second, 3), textOf)).toBe('ello\twor')
  expect(selectedText(select(first, 0, second, 6), textOf)).toBe('Hello\tworld')
  expect(selectedText(select(first, 0, document.querySelector('p')?.firstChild, 3), textOf)).toBeNull()
  expect(selectedText(select(first, 0, second, 3), () => null)).toBeNull()
})

// Text from blocks

test('a text is cut at its marks and links, and a mark is found in the middle of a link', () => {
  const link = { start: 6, end: 11, target: 'https://example.org', page: null }
  const runs = cutRuns(TEXT, { start: 0, end: 16 }, [{ start: 8, end: 13 }], [link])
  expect(runs.map((run) => [run.text, run.mark, run.link !== null])).toEqual([
    ['Hello ', null, false],
    ['wo', null, true],
    ['rld', 0, true],
    [' n', 0, false],
    ['ext', null, false],
  ])
})

test('a link of a paper leads only to addresses of the web and of mail', () => {
  expect(['https://a.b', 'HTTP://a.b', 'mailto:a@b.c'].every(isSafeTarget)).toBe(true)
  expect(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', '//a.b', ' https://a.b', 'https://a b', null].some((target) => isSafeTarget(target))).toBe(false)
})

const block = (kind: Block['kind'], start: number, fields: Partial<Block> = {}): Block => ({ kind, start, end: start + 1, level: null, box: null, cells: [], figure: null, ...fields })

test('list items stand under the one that they belong to', () => {
  const pieces = piecesOf([block('list_item', 0, { level: 1 }), block('list_item', 2, { level: 2 }), block('list_item', 4, { level: 2 }), block('list_item', 6, { level: 1 }), block('paragraph', 8), block('list_item', 10, { level: 2 })])
  const shape = (items: { block: Block; items: unknown[] }[]): unknown[] => items.map((item) => [item.block.start, shape(item.items as never)])
  expect(pieces.map((piece) => (piece.kind === 'list' ? shape(piece.items) : piece.block.start))).toEqual([[[0, [[2, []], [4, []]]], [6, []]], 8, [[10, []]]])
})

test('the cells of a table stand in their rows from left to right', () => {
  const cell = (row: number, column: number) => ({ row, column, start: 0, end: 0, row_span: 1, column_span: 1, is_header: false })
  expect(rowsOf(block('table', 0, { cells: [cell(1, 1), cell(0, 0), cell(1, 0)] }))?.map((row) => row.map((one) => [one.row, one.column]))).toEqual([[[0, 0]], [[1, 0], [1, 1]]])
  expect(rowsOf(block('table', 0))).toBeNull()
})

// Folders and uploads

interface Tree {
  [name: string]: Tree | string
}
/** What a browser gives for a dropped folder: lists of at most a hundred, then an empty one. */
function entriesOf(tree: Tree): FileSystemEntry[] {
  return Object.entries(tree).map(([name, inside]) => {
    if (typeof inside === 'string')
      return { name, isDirectory: false, isFile: true, file: (take: (file: File) => void, fail: (error: Error) => void) => (inside === 'locked' ? fail(new Error()) : take(new File([inside], name))) }
    const all = entriesOf(inside)
    return { name, isDirectory: true, isFile: false, createReader: () => ({ readEntries: (take: (some: FileSystemEntry[]) => void) => take(all.splice(0, 100)) }) }
  }) as unknown as FileSystemEntry[]
}

test('a dropped folder is read to its last file, with the path of each', async () => {
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`${index}.txt`, 'x']))
  const { files, leftOut } = await readEntries(entriesOf({ 'alone.txt': 'x', reports: { '2024': { 'a.pdf': 'x', '.DS_Store': 'x' }, many, 'secret.txt': 'locked' } }))
  expect(files).toHaveLength(252)
  expect(files.slice(0, 2).map((found) => [found.file.name, found.path])).toEqual([['alone.txt', null], ['a.pdf', 'reports/2024/a.pdf']])
  expect(leftOut).toEqual(['reports/2024/.DS_Store', 'reports/secret.txt'])
})

test('a chosen folder keeps its paths and leaves out what belongs to the system', () => {
  const of = (path: string): File => Object.defineProperty(new File(['x'], path.split('/').at(-1) ?? ''), 'webkitRelativePath', { value: path })
  expect(readChosen([of('a/b.txt'), of('a/__MACOSX/b.txt')])).toMatchObject({ files: [{ path: 'a/b.txt' }], leftOut: ['a/__MACOSX/b.txt'] })
})

/** Uploads that answer when they are told to. */
class Wire {
  static open: Wire[] = []
  static addresses: string[] = []
  status = 0
  responseText = ''
  upload: { onprogress?: (event: { lengthComputable: boolean; loaded: number; total: number }) => void } = {}
  onload?: () => void
  onerror?: () => void
  onabort?: () => void
  open(_method: string, address: string): void {
    Wire.addresses.push(address)
  }
  setRequestHeader(): void {}
  abort(): void {
    Wire.open = Wire.open.filter((other) => other !== this)
    this.onabort?.()
  }
  send(): void {
    Wire.open.push(this)
  }
  answer(status: number, body: unknown): void {
    Wire.open = Wire.open.filter((other) => other !== this)
    this.status = status
    this.responseText = JSON.stringify(body)
    this.onload?.()
  }
  static take(): typeof Wire {
    Wire.open = []
    Wire.addresses = []
    globalThis.XMLHttpRequest = Wire as unknown as typeof XMLHttpRequest
    return Wire
  }
}
const filesOf = (count: number): { file: File; path: string }[] => Array.from({ length: count }, (_, index) => ({ file: new File(['x'], `${index}.txt`), path: `box/${index}.txt` }))

test('three files go at once, the others follow, each with its path', async () => {
  const outside = Wire.take()
  const taken: string[] = []
  const uploads = new Uploads(wire(() => json({})).http, (_baseId, { document }) => taken.push(document.name))
  uploads.add('b', filesOf(5))
  expect(outside.open).toHaveLength(3)
  expect(outside.addresses[0]).toBe('/api/bases/b/documents?name=0.txt&path=box%2F0.txt')
  outside.open[1]?.answer(202, documentOf({ name: '1.txt', status: 'reading' }))
  await tick()
  expect(outside.open).toHaveLength(3)
  expect(taken).toEqual(['1.txt'])
  outside.open[0]?.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 })
  expect(uploads.of('b').map((upload) => [upload.state, upload.share])).toEqual([['sending', 0.25], ['done', 0], ['sending', 0], ['sending', 0], ['waiting', 0]])
})

test('a file that was there before is told as known, one that fails says why and goes again', async () => {
  const outside = Wire.take()
  const uploads = new Uploads(wire(() => json({})).http, () => undefined)
  uploads.add('b', filesOf(2))
  outside.open[0]?.answer(200, documentOf())
  outside.open[0]?.answer(413, { code: 'file_too_large', values: { name: '1.txt' } })
  await tick()
  const [known, failed] = uploads.of('b')
  expect(known?.state).toBe('known')
  expect(failed?.problem?.code).toBe('file_too_large')
  if (failed) uploads.retry(failed)
  outside.open[0]?.answer(202, documentOf())
  await tick()
  expect(failed?.state).toBe('done')
  expect(uploads.isBusy).toBe(false)
})

test('a cancelled file is not sent, and the next one takes its place', async () => {
  const outside = Wire.take()
  const uploads = new Uploads(wire(() => json({})).http, () => undefined)
  uploads.add('b', filesOf(4))
  const [first] = uploads.of('b')
  if (first) uploads.remove(first)
  await tick()
  expect(outside.addresses).toHaveLength(4)
  uploads.cancelAll('b')
  await tick()
  expect(uploads.of('b').map((upload) => upload.state)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  expect(outside.open).toHaveLength(0)
})

// The table of documents

test('the table asks for its filter and its next page, and keeps what is below when it is refreshed', async () => {
  const asked: string[] = []
  const { http } = wire((path) => {
    asked.push(path)
    const before = new URL(path, 'http://x').searchParams.get('before')
    return json(before === null ? { documents: [documentOf({ id: '2' }), documentOf({ id: '1' })], next: '1' } : { documents: [documentOf({ id: '0' })], next: null })
  })
  const shelf = new Shelf(http, 'b', () => undefined)
  await shelf.load()
  expect(shelf.hasMore).toBe(true)
  await shelf.loadMore()
  expect(shelf.documents.map((document) => document.id)).toEqual(['2', '1', '0'])
  expect(shelf.hasMore).toBe(false)
  shelf.narrow({ status: 'failed', name: 'a b' })
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(asked.at(-1)).toBe('/api/bases/b/documents?limit=100&status=failed&name=a+b')
})

// Addresses, names, answers

test('every place in the library has an address that leads back to it', () => {
  const places = [
    { kind: 'library', baseId: null },
    { kind: 'library', baseId: 'b-1' },
    { kind: 'document', baseId: 'b-1', documentId: 'd-1', spot: BEGINNING },
    { kind: 'document', baseId: null, documentId: 'd-1', spot: { page: 3, start: 10, end: 20, figure: null } },
    { kind: 'document', baseId: 'b-1', documentId: 'd-1', spot: { page: 3, start: 0, end: 0, figure: 2 } },
  ] as const
  for (const place of places) {
    const address = new URL(addressOf(place), 'http://x')
    expect(readAddress(address)).toEqual(place)
  }
  expect(readAddress(new URL('http://x/library/b/d?page=-1&start=x'))).toMatchObject({ spot: BEGINNING })
  expect(readAddress(new URL('http://x/library/a/b/c'))).toBeNull()
})

test('a name cannot turn itself round', () => {
  expect(plainName('invoice\u202efdp.exe')).toBe('invoice\ufffdfdp.exe')
  expect(plainName('<b>שלום</b>.pdf')).toBe('<b>שלום</b>.pdf')
})

test('an answer that is JSON is shown as code, anything else as it is', () => {
  expect(asShown(' {"faces": 2} ')).toBe('```json\n{\n  "faces": 2\n}\n```')
  expect(asShown('[1]: not JSON')).toBe('[1]: not JSON')
  expect(asShown('{"broken": ')).toBe('{"broken": ')
})

test('a list that was asked for before a change and comes after it does not take the change back', async () => {
  const answers: ((found: Response) => void)[] = []
  const base = (id: string): object => ({ id, name: id, documents: {} })
  const { http } = wire((_path, init) =>
    init.method === 'GET' ? new Promise<Response>((resolve) => answers.push(resolve)) : json(init.method === 'POST' ? base('new') : null),
  )
  const shelf = new Shelf(http, 'b', () => undefined)
  const library = new Library(http)
  const shown = (): string[][] => shelf.documents.map((document) => [document.id, document.status])

  const listed = shelf.load()
  await expect.poll(() => answers.length).toBe(1)
  shelf.take(documentOf({ id: 'reread', status: 'reading' }))
  shelf.take(documentOf({ id: 'fresh', status: 'reading' }))
  await shelf.remove(documentOf({ id: 'gone' }))
  answers[0]?.(json({ documents: [documentOf({ id: 'gone' }), documentOf({ id: 'reread', status: 'failed' })], next: null }))
  await listed
  expect(shown()).toEqual([['fresh', 'reading'], ['reread', 'reading']])
  const later = shelf.load()
  await expect.poll(() => answers.length).toBe(2)
  answers[1]?.(json({ documents: [documentOf({ id: 'fresh' })], next: null }))
  await later
  expect(shown()).toEqual([['fresh', 'ready']])

  const known = library.load()
  await expect.poll(() => answers.length).toBe(3)
  await library.add({ name: 'new' })
  answers[2]?.(json({ bases: [base('old')] }))
  await expect.poll(() => answers.length).toBe(4)
  expect(library.bases.map((one) => one.id)).toEqual(['new'])
  answers[3]?.(json({ bases: [base('old'), base('new')] }))
  await known
  expect(library.bases.map((one) => one.id)).toEqual(['old', 'new'])
})
