import { problemOf, type Http } from '../api/http'
import { createKey, listKeys, revokeKey, type ApiKey, type NewKey } from '../api/keys'
import type { Problem } from '../api/types'

/** The keys of programs. A new one is kept here until it has been taken down, and nowhere else. */
export class Keys {
  #http: Http
  #list = $state.raw<readonly ApiKey[] | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #fresh = $state.raw<{ key: ApiKey; secret: string } | null>(null)

  constructor(http: Http) {
    this.#http = http
  }

  get list(): readonly ApiKey[] {
    return this.#list ?? []
  }
  get isLoaded(): boolean {
    return this.#list !== null
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get fresh(): { key: ApiKey; secret: string } | null {
    return this.#fresh
  }

  async load(): Promise<void> {
    try {
      this.#list = await listKeys(this.#http)
      this.#problem = null
    } catch (error) {
      this.#problem = problemOf(error)
    }
  }

  async create(fields: NewKey): Promise<Problem | null> {
    try {
      this.#fresh = await createKey(this.#http, fields)
    } catch (error) {
      return problemOf(error)
    }
    await this.load()
    return null
  }

  async revoke(key: ApiKey): Promise<Problem | null> {
    try {
      await revokeKey(this.#http, key.id)
    } catch (error) {
      return problemOf(error)
    }
    if (this.#fresh?.key.id === key.id) this.#fresh = null
    await this.load()
    return null
  }

  /** The secret has been taken down and is not shown again. */
  putAway(): void {
    this.#fresh = null
  }
}
