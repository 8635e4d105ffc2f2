/** Question sets as people write them: a line each, or a CSV or JSON file. */
import type { AskedQuestion } from '../api/evaluation-types'

export const MOST_QUESTIONS = 500
export const LONGEST_QUESTION = 2000
const SEPARATOR = ' | '

export type LineFault = 'no_question' | 'no_answer' | 'too_long' | 'bad_page' | 'page_alone' | 'too_many'
export interface QuestionSet {
  questions: AskedQuestion[]
  /** Lines that cannot be asked, counted from 1, and why. */
  faults: { line: number; fault: LineFault }[]
}

/** One question a line: question, document, words; or question, document, page, words. By tabs or ` | `. */
export function readLines(text: string): QuestionSet {
  const set: QuestionSet = { questions: [], faults: [] }
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return
    const cells = (line.includes('\t') ? line.split('\t') : line.split(/\s\|(?=\s|$)/)).map((cell) => cell.trim())
    const [question = '', document = '', third = '', fourth] = cells
    const [page, words] = fourth === undefined ? ['', third] : [third, cells.slice(3).join(' ').trim()]
    const fault = faultOf(question, document, page, words) ?? (set.questions.length >= MOST_QUESTIONS ? 'too_many' : null)
    if (fault) set.faults.push({ line: index + 1, fault })
    else set.questions.push({ question, ...(document ? { document } : {}), ...(page ? { page: Number(page) } : {}), ...(words ? { text: words } : {}) })
  })
  return set
}

function faultOf(question: string, document: string, page: string, words: string): LineFault | null {
  if (question === '') return 'no_question'
  if ([...question].length > LONGEST_QUESTION) return 'too_long'
  if (page !== '' && !/^[1-9]\d{0,6}$/.test(page)) return 'bad_page'
  if (page !== '' && document === '') return 'page_alone'
  return document === '' && words === '' ? 'no_answer' : null
}

const flat = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value).replace(/[\t\r\n]+/g, ' ').trim() : '')

/** Questions as lines that `readLines` takes. */
export function writeLines(rows: readonly Record<string, unknown>[]): string {
  return rows
    .map((row) => {
      const [question, document, page, text] = ['question', 'document', 'page', 'text'].map((name) => flat(row[name])) as [string, string, string, string]
      const cells = page ? [question, document, page, text] : text ? [question, document, text] : document ? [question, document] : [question]
      // A sign that parts the cells and stands inside one of them leaves only tabs.
      return cells.join(cells.some((cell) => cell.includes('|')) || cells.includes('') ? '\t' : SEPARATOR)
    })
    .join('\n')
}

/** A file of questions as lines; null for one that is neither JSON nor a table. */
export function readFile(content: string): string | null {
  const text = content.replace(/^\ufeff/, '').trim()
  if (/^[[{]/.test(text)) return readJson(text)
  const rows = readTable(text)
  const [header = [], ...body] = rows
  const names = header.map((cell) => cell.trim().toLowerCase())
  if (names.includes('question')) return writeLines(body.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]]))))
  return writeLines(rows.map((row) => ({ question: row[0], document: row[1], ...(row.length > 3 ? { page: row[2], text: row[3] } : { text: row[2] }) })))
}

function readJson(text: string): string | null {
  try {
    const read: unknown = JSON.parse(text)
    const list: unknown = Array.isArray(read) ? read : (read as { questions?: unknown }).questions
    if (!Array.isArray(list)) return null
    return writeLines(list.map((row: unknown) => (typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : { question: row })))
  } catch {
    return null
  }
}

/** The cells of a CSV text; the sign between them is the one that its first line has most of. */
function readTable(text: string): string[][] {
  const first = text.split('\n', 1)[0] ?? ''
  const sign = ['\t', ';', ','].reduce((best, other) => (first.split(other).length > first.split(best).length ? other : best), '\t')
  const rows: string[][] = [[]]
  let cell = ''
  let isQuoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (isQuoted) {
      if (character !== '"') cell += character
      else if (text[index + 1] === '"') cell += text[++index] ?? ''
      else isQuoted = false
    } else if (character === '"' && cell === '') isQuoted = true
    else if (character === sign || character === '\n') {
      rows.at(-1)?.push(cell.replace(/\r$/, ''))
      cell = ''
      if (character === '\n') rows.push([])
    } else cell += character
  }
  rows.at(-1)?.push(cell.replace(/\r$/, ''))
  return rows.filter((row) => row.some((value) => value.trim() !== ''))
}
