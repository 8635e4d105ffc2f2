import { problemOf, type Http } from '../api/http'
import { changePrompt, createPrompt, deletePrompt, getTemplates, listPrompts, type Prompt, type PromptAdvice, type PromptFields } from '../api/prompts'
import type { Problem } from '../api/types'
import { asPrompt } from '../lib/prompts'

/** Every prompt that can be inserted: one's own, those that others share, those that ship in this language. */
export async function loadPrompts(http: Http, language: string): Promise<Prompt[]> {
  const [prompts, { templates }] = await Promise.all([listPrompts(http), getTemplates(http, language)])
  return [...prompts, ...templates.map(asPrompt)]
}

/** The library of prompts. */
export class Prompts {
  #http: Http
  #list = $state.raw<readonly Prompt[]>([])
  #shipped = $state.raw<readonly Prompt[]>([])
  #advice = $state.raw<readonly PromptAdvice[]>([])
  #isLoaded = $state(false)
  #problem = $state.raw<Problem | null>(null)

  constructor(http: Http) {
    this.#http = http
  }

  /** One's own and those of others first, then those that ship. */
  get all(): readonly Prompt[] {
    return [...this.#list, ...this.#shipped]
  }
  /** What helps to write one. */
  get advice(): readonly PromptAdvice[] {
    return this.#advice
  }
  get tags(): readonly string[] {
    return [...new Set(this.all.flatMap((prompt) => prompt.tags))].sort((one, other) => one.localeCompare(other))
  }
  get isLoaded(): boolean {
    return this.#isLoaded
  }
  get problem(): Problem | null {
    return this.#problem
  }

  async load(language: string): Promise<void> {
    try {
      const [list, { templates, advice }] = await Promise.all([listPrompts(this.#http), getTemplates(this.#http, language)])
      this.#list = list
      this.#shipped = templates.map(asPrompt)
      this.#advice = advice
      this.#isLoaded = true
      this.#problem = null
    } catch (error) {
      this.#problem = problemOf(error)
    }
  }

  /** Stores a new prompt, or changes a known one. Returns it, or why it was not stored. */
  async save(promptId: string | null, fields: PromptFields): Promise<Prompt | Problem> {
    try {
      const saved = promptId === null ? await createPrompt(this.#http, fields) : await changePrompt(this.#http, promptId, fields)
      this.#list = [...this.#list.filter((prompt) => prompt.id !== saved.id), saved].sort((one, other) => one.name.localeCompare(other.name))
      return saved
    } catch (error) {
      return problemOf(error)
    }
  }

  async remove(prompt: Prompt): Promise<Problem | null> {
    try {
      await deletePrompt(this.#http, prompt.id)
      this.#list = this.#list.filter((other) => other.id !== prompt.id)
      return null
    } catch (error) {
      return problemOf(error)
    }
  }
}
