package io.fairlead.filter;

/**
 * A filter that may wait, for a database or another service. Each call has a virtual thread of its
 * own, and the request waits for it, but not longer than {@code filters.NAME.timeout}: then the
 * thread is interrupted and what it says is ignored. The same happens when the client goes away.
 */
public non-sealed interface WaitingFilter extends RequestFilter {
  /**
   * Decides about a request.
   *
   * @param request may be used until this method returns, on this thread only
   * @throws Exception which is a failure of the filter
   */
  Decision filter(FilterRequest request) throws Exception;
}
