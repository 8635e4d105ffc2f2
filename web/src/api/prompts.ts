import type { Http } from './http'
import type { Parameters } from './types'

export interface PromptVariable {
  name: string
  /** What is written when it is left empty. */
  default: string
}
/** A prompt of the library; with a system prompt, a model or parameters it is a preset. */
export interface Prompt {
  id: string
  /** What follows `/`. */
  name: string
  title: string
  text: string
  tags: string[]
  shared: boolean
  own: boolean
  system_prompt: string | null
  model: string | null
  parameters: Parameters | null
  variables: PromptVariable[]
  created_at: string
  updated_at: string
}
export type PromptFields = Pick<Prompt, 'name' | 'title' | 'text' | 'tags' | 'shared' | 'system_prompt' | 'model' | 'parameters'>

/** A prompt that ships; `advice` names the points of the advice that it follows. */
export interface PromptTemplate {
  kind: string
  name: string
  title: string
  text: string
  tags: string[]
  advice: string[]
  variables: PromptVariable[]
}
export interface PromptAdvice {
  point: string
  title: string
  text: string
}

export const listPrompts = async (http: Http): Promise<Prompt[]> => (await http.request<{ prompts: Prompt[] }>('GET', '/api/prompts')).prompts
export const createPrompt = (http: Http, fields: PromptFields): Promise<Prompt> => http.request('POST', '/api/prompts', fields)
export const changePrompt = (http: Http, promptId: string, changes: Partial<PromptFields>): Promise<Prompt> => http.request('PATCH', `/api/prompts/${promptId}`, changes)
export const deletePrompt = (http: Http, promptId: string): Promise<void> => http.request('DELETE', `/api/prompts/${promptId}`)
export const getTemplates = (http: Http, language: string): Promise<{ templates: PromptTemplate[]; advice: PromptAdvice[] }> =>
  http.request('GET', `/api/prompts/templates?${new URLSearchParams({ language })}`)
