/** Whether a figure is within its target, in a word for a table's cell. */
export const verdict = (isMet: boolean): string => (isMet ? 'met' : 'missed');
