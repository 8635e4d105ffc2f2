/** Signs that turn the direction of the text around them; in a name they only deceive (Unicode TR 36, 2014). */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g

/** A name as it is: without signs that make it look like another. */
export const plainName = (name: string): string => name.replace(TURNING, '\ufffd')
