package io.fairlead.proxy.http;

import io.fairlead.filter.FilterRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a filter sees of one request, and what it wants changed. Texts are made when they are asked
 * for. When the call is over it is of no use any more, since its head may be another request's.
 */
final class FilterCall implements FilterRequest {
  private final String id;
  private final String route;
  private final boolean secure;
  private final String client;
  private final @Nullable String identity;
  private @Nullable Head head;
  private List<FilterEdit> request = List.of();
  private List<FilterEdit> response = List.of();
  private int changes;
  private int characters;

  /**
   * @param head that nobody changes until {@link #end}
   */
  FilterCall(Exchange exchange, HttpRoute matched, Head head) {
    this.head = head;
    id = new String(exchange.requestId, StandardCharsets.ISO_8859_1);
    route = matched.config().name();
    secure = FieldEdits.isSecure(exchange);
    client = FieldEdits.clientText(exchange);
    identity = exchange.identity();
  }

  private Head head() {
    Head present = head;
    if (present == null) {
      throw new IllegalStateException("the filter has decided about this request already");
    }
    return present;
  }

  /** Nothing is said or changed any more. On the thread that the filter ran on. */
  void end() {
    head = null;
  }

  /** Changes of what nodes get. */
  List<FilterEdit> requestEdits() {
    return request;
  }

  /** Changes of what the client gets. */
  List<FilterEdit> responseEdits() {
    return response;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public String route() {
    return route;
  }

  @Override
  public String method() {
    Head seen = head();
    return text(seen, seen.methodStart, seen.methodEnd);
  }

  @Override
  public String path() {
    Head seen = head();
    return text(seen, seen.pathStart, seen.pathEnd);
  }

  @Override
  public String query() {
    Head seen = head();
    return seen.queryEnd > seen.queryStart ? text(seen, seen.queryStart + 1, seen.queryEnd) : "";
  }

  @Override
  public String host() {
    Head seen = head();
    return text(seen, seen.hostStart, seen.hostEnd);
  }

  @Override
  public boolean isSecure() {
    return secure;
  }

  @Override
  public String clientAddress() {
    return client;
  }

  @Override
  public Optional<String> identity() {
    return Optional.ofNullable(identity);
  }

  @Override
  public List<String> headerNames() {
    Head seen = head();
    Set<String> names = new LinkedHashSet<>();
    for (int field = 0; field < seen.fieldCount; field++) {
      if (!seen.isDropped(field)) {
        names.add(text(seen, seen.nameStart(field), seen.nameEnd(field)).toLowerCase(Locale.ROOT));
      }
    }
    return List.copyOf(names);
  }

  @Override
  public Optional<String> header(String name) {
    Head seen = head();
    int field = next(seen, bytes(name), 0);
    return field < 0
        ? Optional.empty()
        : Optional.of(text(seen, seen.valueStart(field), seen.valueEnd(field)));
  }

  @Override
  public List<String> headers(String name) {
    Head seen = head();
    byte[] wanted = bytes(name);
    List<String> values = new ArrayList<>();
    for (int field = next(seen, wanted, 0); field >= 0; field = next(seen, wanted, field + 1)) {
      values.add(text(seen, seen.valueStart(field), seen.valueEnd(field)));
    }
    return List.copyOf(values);
  }

  private static byte[] bytes(String name) {
    return name.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
  }

  private static int next(Head seen, byte[] name, int from) {
    for (int field = from; field < seen.fieldCount; field++) {
      if (!seen.isDropped(field) && seen.isNamed(field, name)) {
        return field;
      }
    }
    return -1;
  }

  private static String text(Head seen, int start, int end) {
    return new String(seen.bytes, start, end - start, StandardCharsets.UTF_8);
  }

  @Override
  public void setHeader(String name, String value) {
    request = with(request, name, true, value);
  }

  @Override
  public void addHeader(String name, String value) {
    request = with(request, name, false, value);
  }

  @Override
  public void removeHeader(String name) {
    request = with(request, name, true, null);
  }

  @Override
  public void setResponseHeader(String name, String value) {
    response = with(response, name, true, value);
  }

  @Override
  public void addResponseHeader(String name, String value) {
    response = with(response, name, false, value);
  }

  @Override
  public void removeResponseHeader(String name) {
    response = with(response, name, true, null);
  }

  private List<FilterEdit> with(
      List<FilterEdit> edits, String name, boolean replaces, @Nullable String value) {
    Head _ = head(); // not too late?
    int length = name.length() + (value == null ? 0 : value.length());
    if (changes >= MOST_CHANGES || characters + length > MOST_CHARACTERS) {
      throw new IllegalArgumentException(
          "a filter may change "
              + MOST_CHANGES
              + " fields with "
              + MOST_CHARACTERS
              + " characters of one request");
    }
    FilterEdit edit = FilterEdit.of(name, replaces, value);
    changes++;
    characters += length;
    List<FilterEdit> all = edits.isEmpty() ? new ArrayList<>(4) : edits;
    all.add(edit);
    return all;
  }
}
