package io.fairlead.filter;

/**
 * Looks at requests before a service gets them. One object looks at the requests of all routes that
 * name it, on several threads at once.
 *
 * <p>A filter is a {@link QuickFilter} or a {@link WaitingFilter}; whoever implements both is
 * refused.
 */
public sealed interface RequestFilter permits QuickFilter, WaitingFilter {
  /**
   * It is not needed any more: another configuration is in force and the last request that it had
   * to decide about is decided, or the instance stops. On a thread that may wait.
   *
   * @throws Exception which is told as an event, and otherwise ignored
   */
  default void close() throws Exception {}
}
