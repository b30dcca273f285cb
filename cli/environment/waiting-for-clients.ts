/** What an owner of the embedded AWS says while others go on using it. */
export function waitingForClients(count: number): string {
  const others =
    count === 1 ? 'another process that uses' : `${count} processes that use`;
  return `Waiting for ${others} this embedded AWS`;
}
