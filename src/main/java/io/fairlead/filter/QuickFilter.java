package io.fairlead.filter;

/**
 * A filter that answers at once. It runs on the event loop that has the request, and while it does,
 * every other request of that event loop waits: it may compute and look things up in memory, and
 * must never wait for anything, neither a lock nor a file nor another machine.
 *
 * <p>One that takes longer than 10 ms is counted and told about.
 */
public non-sealed interface QuickFilter extends RequestFilter {
  /**
   * Decides about a request.
   *
   * @param request may be used until this method returns, on this thread only
   */
  Decision filter(FilterRequest request);
}
