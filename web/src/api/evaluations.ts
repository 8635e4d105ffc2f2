import type { AskedQuestion, Evaluation, QuestionAnswers, SearchSetting } from './evaluation-types'
import type { Http } from './http'

const PATH = '/api/evaluations'

export const listEvaluations = async (http: Http, baseId: string): Promise<Evaluation[]> =>
  (await http.request<{ evaluations: Evaluation[] }>('GET', `${PATH}?${new URLSearchParams({ base: baseId })}`)).evaluations
export const startEvaluation = (http: Http, baseId: string, name: string, questions: readonly AskedQuestion[], settings: readonly SearchSetting[]): Promise<Evaluation> =>
  http.request('POST', PATH, { base_id: baseId, ...(name ? { name } : {}), questions, settings })
export const getEvaluation = (http: Http, id: string): Promise<Evaluation> => http.request('GET', `${PATH}/${id}`)
export const getAnswers = (http: Http, id: string, n: number): Promise<QuestionAnswers> => http.request('GET', `${PATH}/${id}/questions/${n}`)
export const cancelEvaluation = (http: Http, id: string): Promise<Evaluation> => http.request('POST', `${PATH}/${id}/cancel`)
export const removeEvaluation = (http: Http, id: string): Promise<void> => http.request('DELETE', `${PATH}/${id}`)
