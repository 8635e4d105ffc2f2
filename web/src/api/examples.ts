import type { ExampleSetOutline } from './conversation-types'
import type { Http } from './http'
import { upload } from './upload'

export interface Example {
  question: string
  answer: string
}
export interface ExampleSet extends ExampleSetOutline {
  examples: Example[]
}
/** One kind of what was not understood in a file: how often, and in which lines (counted from 1) it began. */
export interface ExampleProblem {
  what: string
  count: number
  lines: number[]
}
export interface TakenSet extends ExampleSetOutline {
  problems: ExampleProblem[]
}

export const uploadExamples = async (http: Http, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<TakenSet> =>
  (await upload<TakenSet>(http, `/api/examples?${new URLSearchParams({ name: file.name })}`, file, onProgress, signal)).body

export const getExamples = (http: Http, setId: string): Promise<ExampleSet> => http.request('GET', `/api/examples/${setId}`)
export const deleteExamples = (http: Http, setId: string): Promise<void> => http.request('DELETE', `/api/examples/${setId}`)

/** What a set costs of the context of a model. Unit: tokens. */
export const getCost = (http: Http, setId: string, model: string | null): Promise<{ tokens: number; counted_by: string }> =>
  http.request('POST', `/api/examples/${setId}/cost`, { model })

/** The address of a set as an Ollama Modelfile. */
export const modelfileAddress = (setId: string, model: string): string => `/api/examples/${setId}/modelfile?${new URLSearchParams({ model })}`
