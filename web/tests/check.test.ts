import { expect, test } from 'vitest'
import type { Evaluation, RankedQuestion } from '../src/api/evaluation-types'
import { addressOf, readAddress } from '../src/lib/address'
import { readFile, readLines, writeLines } from '../src/lib/questions'
import { expectedOf, isMissed, nameOfRun, settingWords } from '../src/state/check-words'
import { Evaluations, isUnderway } from '../src/state/evaluations.svelte'
import { Locale } from '../src/state/locale.svelte'
import { json, problem, wire } from './support'

test('a question set is read line by line, by signs or by tabs', () => {
  const read = readLines('When? | manual.pdf | every spring\n\nWhere?\tplan.pdf\nHow | or why?\nWho? || nobody\nWhat? |  | the tap\nWhich? | a.pdf | 3 | 71 litres\nNow? | a.pdf | 4 |')
  expect(read.questions).toEqual([
    { question: 'When?', document: 'manual.pdf', text: 'every spring' },
    { question: 'Where?', document: 'plan.pdf' },
    { question: 'How', document: 'or why?' },
    { question: 'What?', text: 'the tap' },
    { question: 'Which?', document: 'a.pdf', page: 3, text: '71 litres' },
    { question: 'Now?', document: 'a.pdf', page: 4 },
  ])
  expect(read.faults).toEqual([{ line: 5, fault: 'no_answer' }])
})

test('what cannot be asked is told with its line', () => {
  const long = 'x'.repeat(2001)
  const read = readLines(`only a question\n | a.pdf\n${long} | a.pdf\nq | a.pdf | three | words\nq | | 3 | words`)
  expect(read.questions).toEqual([])
  expect(read.faults.map(({ line, fault }) => `${line} ${fault}`)).toEqual(['1 no_answer', '2 no_question', '3 too_long', '4 bad_page', '5 page_alone'])
  expect(readLines('q | a.pdf\n'.repeat(502))).toMatchObject({ faults: [{ line: 501, fault: 'too_many' }, { line: 502, fault: 'too_many' }] })
})

test('what is written as lines is read back as it was', () => {
  const questions = [
    { question: 'When?', document: 'a|b.pdf', text: 'every | spring' },
    { question: 'Where?', text: 'in the hall' },
    { question: 'Which?', document: 'a.pdf', page: 3, text: '71' },
    { question: 'Now?', document: 'a.pdf', page: 4 },
    { question: 'Who?', document: 'a.pdf' },
  ]
  expect(readLines(writeLines(questions))).toEqual({ questions, faults: [] })
})

test('tables and JSON become lines', () => {
  const question = { question: 'Say "when", please?', document: 'a.pdf', page: 2, text: 'one, two' }
  const csv = '\ufefftext,question,page,document\r\n"one, two","Say ""when"", please?",2,a.pdf\r\n'
  expect(readLines(readFile(csv) ?? '').questions).toEqual([question])
  expect(readLines(readFile('When?;a.pdf;spring\nWhere?;b.pdf;') ?? '').questions).toEqual([{ question: 'When?', document: 'a.pdf', text: 'spring' }, { question: 'Where?', document: 'b.pdf' }])
  expect(readLines(readFile(JSON.stringify([question])) ?? '').questions).toEqual([question])
  expect(readLines(readFile(JSON.stringify({ questions: [question, null] })) ?? '')).toEqual({ questions: [question], faults: [] })
  expect(readFile('{"questions": 3}')).toBeNull()
  expect(readFile('[1, 2')).toBeNull()
})

const evaluation = (fields: Partial<Evaluation> = {}): Evaluation => ({
  id: 'e', base_id: 'b', name: '', status: 'running', error: null, question_count: 2, done: 1, seconds_left: 3, settings: [], results: [], created_at: '2026-01-02T03:04:05Z', finished_at: null, ...fields,
})

test('an evaluation is begun, followed, cancelled and deleted', async () => {
  const asked: string[] = []
  let status: Evaluation['status'] = 'running'
  const { http } = wire((path, init) => {
    asked.push(`${init.method} ${path}`)
    if (init.method === 'DELETE') return new Response(null, { status: 200 })
    if (path.endsWith('/cancel')) status = 'cancelled'
    return json(path.includes('?') ? { evaluations: [evaluation({ id: 'old', status: 'done' })] } : evaluation({ status, questions: [] }))
  })
  const evaluations = new Evaluations(http, 'b')
  await evaluations.load()
  expect(evaluations.shown).toBeNull()
  expect(await evaluations.start('mine', [{ question: 'q', document: 'a.pdf' }], [])).toBe(true)
  expect(evaluations.list.map((run) => run.id)).toEqual(['e', 'old'])
  expect(evaluations.shown && isUnderway(evaluations.shown)).toBe(true)
  await evaluations.cancel(evaluation())
  expect(evaluations.shown?.status).toBe('cancelled')
  await evaluations.remove(evaluation())
  expect(evaluations.shown).toBeNull()
  expect(evaluations.list.map((run) => run.id)).toEqual(['old'])
  expect(asked).toEqual(['GET /api/evaluations?base=b', 'POST /api/evaluations', 'POST /api/evaluations/e/cancel', 'GET /api/evaluations/e', 'DELETE /api/evaluations/e'])
})

test('one that runs already is told, and one found running is taken up', async () => {
  const { http } = wire((path, init) => (init.method === 'POST' ? problem(409, 'evaluation_running') : json(path.includes('?') ? { evaluations: [evaluation()] } : evaluation({ questions: [] }))))
  const evaluations = new Evaluations(http, 'b')
  await evaluations.load()
  expect(evaluations.shown?.id).toBe('e')
  expect(await evaluations.start('', [], [])).toBe(false)
  expect(evaluations.problem?.code).toBe('evaluation_running')
})

test('settings, runs and right passages have words', async () => {
  const locale = new Locale()
  await Promise.all([locale.addWords('check'), locale.addWords('evidence')])
  expect(settingWords(locale, { arms: ['lexical', 'dense'], fusion: 'rrf', rerank: 'light', passages: 6 })).toBe('by words and by meaning (reciprocal ranks), ranked again: by rules, passages: 6')
  expect(settingWords(locale, { arms: ['dense'], fusion: 'rrf', rerank: 'none', passages: 1 })).toBe('by meaning, ranked again: no, passages: 1')
  expect(nameOfRun(locale, evaluation({ name: 'mine' }))).toBe('mine')
  expect(nameOfRun(locale, evaluation())).toContain('2026')
  const question: RankedQuestion = { n: 1, question: 'q', document: 'a.pdf', page: 3, text: 'x', problem: null, ranks: [1, null] }
  expect(expectedOf(locale, question)).toBe('a.pdf, page 3, “x”')
  expect([question, { ...question, ranks: [1, 1] }, { ...question, ranks: null }].map(isMissed)).toEqual([true, false, false])
})

test('the page of a check has an address of its own', () => {
  const place = { kind: 'check', baseId: 'b-1' } as const
  expect(addressOf(place)).toBe('/library/b-1/check')
  expect(readAddress({ pathname: '/library/b-1/check', search: '' })).toEqual(place)
  expect(readAddress({ pathname: '/library/b-1/d-1', search: '' })).toMatchObject({ kind: 'document' })
})
