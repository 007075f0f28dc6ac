package io.fairlead.telemetry;

import org.jspecify.annotations.Nullable;

/** What each event loop counts about one route. */
public enum RouteCounter {
  REQUESTS,
  RESPONSES_2XX,
  RESPONSES_3XX,
  RESPONSES_4XX,
  RESPONSES_5XX,
  /** Refused by the client's address. */
  DENIED,
  /** Refused by a limit on the rate. */
  RATE_LIMITED,
  /** Refused by the size of the body. */
  TOO_LARGE,
  /** Refused as the client did not prove who it is. */
  UNAUTHENTICATED,
  /** Refused by who the client is. */
  FORBIDDEN,
  /** Refused as who the client is could not be found out. */
  AUTH_UNAVAILABLE,
  /** Refused by a filter. */
  FILTER_REFUSED,
  /** Refused as a filter failed. */
  FILTER_FAILED,
  /** Refused as a filter took too long. */
  FILTER_TIMEOUT,
  /** Tried again: no connection to a node could be made. */
  RETRIED_CONNECT,
  /** Tried again: a node did nothing about the request. */
  RETRIED_REFUSED,
  /** Tried again: a node broke off before its answer. */
  RETRIED_RESET,
  /** Tried again: a node took too long. */
  RETRIED_TIMEOUT,
  /** Tried again: a node's answer was not HTTP. */
  RETRIED_BAD_RESPONSE,
  /** Tried again: a node's answer had a status that the route names. */
  RETRIED_STATUS,
  /** Not tried again: too many have been lately. */
  RETRY_NO_BUDGET,
  /** Not tried again: the service has too much to do. */
  RETRY_SHEDDING,
  /** Not tried again: what had gone of the body was not kept. */
  RETRY_NO_BODY,
  /** Second tries while the first went on. */
  HEDGED,
  /** Of these, those that answered first. */
  HEDGES_WON,
  /** Not tried a second time: too many have been lately. */
  HEDGE_NO_BUDGET,
  /** Answers that were compressed. */
  COMPRESSED,
  /** Bytes of their bodies as nodes sent them. */
  BYTES_BEFORE_COMPRESSION,
  /** Bytes of their bodies as clients got them. */
  BYTES_COMPRESSED,
  /** Answers that were not compressed as too many were at once. */
  COMPRESSION_BUSY,
  /** Requests of which a copy has been sent to another service. */
  MIRRORED,
  /** Copies that did not get an answer. */
  MIRROR_FAILED,
  /** Requests that were not copied as their body was too long. */
  MIRROR_TOO_LARGE,
  /** Requests that were not copied as too many were on their way, or in memory. */
  MIRROR_BUSY,
  /** Requests that were held on purpose. */
  FAULT_DELAYED,
  /** Requests that would have been but for how many were already. */
  FAULT_NOT_DELAYED,
  /** Requests that were answered with an error on purpose. */
  FAULT_ABORTED,
  /** Answers with a status of 500 or above that are meant: faults, and only-if-cached. */
  MEANT_5XX,
  /** Requests that got an answer that was kept. */
  CACHE_HITS,
  /** Requests that got what another had asked a node for. */
  CACHE_COLLAPSED,
  /** Requests that got an answer that was kept, which a node had said to be still good. */
  CACHE_REVALIDATED,
  /** Requests that got an answer that was kept instead of an error. */
  CACHE_STALE,
  /** Requests that got the answer of a node, as nothing was kept. */
  CACHE_MISSES,
  /** Requests with which the cache had nothing to do. */
  CACHE_PASSED,
  /** Answers that were kept. */
  CACHE_STORED;

  /** What a request is counted as that the rules of the route refuse for that reason, if any. */
  public static @Nullable RouteCounter of(ErrorReason reason) {
    return switch (reason) {
      case DENIED -> DENIED;
      case RATE_LIMITED -> RATE_LIMITED;
      case BODY_TOO_LARGE -> TOO_LARGE;
      case UNAUTHENTICATED -> UNAUTHENTICATED;
      case FORBIDDEN -> FORBIDDEN;
      case AUTH_UNAVAILABLE -> AUTH_UNAVAILABLE;
      case FILTER_REFUSED -> FILTER_REFUSED;
      case FILTER_FAILED -> FILTER_FAILED;
      case FILTER_TIMEOUT -> FILTER_TIMEOUT;
      default -> null;
    };
  }
}
