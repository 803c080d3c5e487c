/** Bytes of one frame. An agent's largest is a report; the server's largest a catalog. */
export const maxAgentFrame = 8 * 1024 * 1024
export const maxServerFrame = 64 * 1024 * 1024
