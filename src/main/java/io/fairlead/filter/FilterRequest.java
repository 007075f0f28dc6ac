package io.fairlead.filter;

import java.util.List;
import java.util.Optional;

/**
 * A request as a filter sees it: what the client sent, checked and normalised, and changed by the
 * filters before this one. Its body is not seen.
 *
 * <p>What is changed of fields is changed when the filter has decided, all of it or, if it fails,
 * nothing; {@link #header} goes on to say what was there before.
 */
public interface FilterRequest {
  /** Fields that one filter may change of one request and its answer. */
  int MOST_CHANGES = 128;

  /** Characters of names and values in these. */
  int MOST_CHARACTERS = 64 * 1024;

  /** What Fairlead calls it in records and, unless the client's proxy has named it, to nodes. */
  String id();

  /** The name of the route. */
  String route();

  /** Such as {@code GET}; upper and lower case are different. */
  String method();

  /** Normalised, without the query; begins with a slash, or is {@code *}. */
  String path();

  /** As it came, without its question mark; empty: there is none. */
  String query();

  /** In lower case, without a port; empty: an old client has said none. */
  String host();

  /** Whether the client speaks TLS, to Fairlead or to the trusted proxy in front. */
  boolean isSecure();

  /** An IPv4 or IPv6 address, without a port. */
  String clientAddress();

  /**
   * Who the client is, if {@code basic-auth} (the name) or {@code jwt} (the claim {@code sub}) of
   * the route has found that out.
   */
  Optional<String> identity();

  /** Names of the fields that nodes get, in lower case, each once, in the order they came. */
  List<String> headerNames();

  /** The value of the first field of that name, upper and lower case being the same. */
  Optional<String> header(String name);

  /** The values of all fields of that name. */
  List<String> headers(String name);

  /**
   * Nodes get this field with this value, and none else of its name; neither one that is spelled
   * with underscores for hyphens.
   *
   * @throws IllegalArgumentException if the name is none, or one that decides how messages are read
   *     or that Fairlead writes itself; if the value has control characters, or spaces at its ends;
   *     if it is too much: a filter may change {@value #MOST_CHANGES} fields of a request with
   *     {@value #MOST_CHARACTERS} characters
   */
  void setHeader(String name, String value);

  /** Nodes get this field besides others of its name; like {@link #setHeader} otherwise. */
  void addHeader(String name, String value);

  /** Nodes get no field of that name; like {@link #setHeader} otherwise. */
  void removeHeader(String name);

  /** The client gets this field, and none else of its name, whoever answers. */
  void setResponseHeader(String name, String value);

  /** The client gets this field besides others of its name, whoever answers. */
  void addResponseHeader(String name, String value);

  /** The client gets no field of that name, whoever answers. */
  void removeResponseHeader(String name);
}
