package io.fairlead.proxy.http;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message as far as it has arrived: filled by {@link StrictReader} while it reads, so that a
 * message which was cut off can still be judged.
 */
final class Received {

  /** How far the message came. */
  enum Progress {
    NOTHING,
    IN_HEAD,
    IN_BODY,
    COMPLETE
  }

  /** Which connection it came on, counted from 0 in the order of their acceptance. */
  final int connection;

  Progress progress = Progress.NOTHING;

  /** The request line or status line without its end. */
  String start = "";

  final List<Field> fields = new ArrayList<>();

  /** The content without its framing. */
  final StringBuilder body = new StringBuilder();

  final List<Field> trailers = new ArrayList<>();

  /** What a strict reader objects to, the reason why reading stopped. */
  @Nullable String doubt;

  Received(int connection) {
    this.connection = connection;
  }

  boolean isComplete() {
    return progress == Progress.COMPLETE;
  }

  List<String> values(String name) {
    return Field.values(fields, name);
  }

  /** The status code of a response, -1 while its head has not arrived. */
  int status() {
    return progress.compareTo(Progress.IN_BODY) < 0 ? -1 : Integer.parseInt(start.substring(9, 12));
  }

  boolean isInformational() {
    int status = status();
    return status >= 100 && status < 200 && status != 101;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(progress).append(" on connection ").append(connection);
    if (doubt != null) {
      text.append(", DOUBT: ").append(doubt);
    }
    text.append("\n      ").append(Escapes.escape(start));
    fields.forEach(field -> text.append("\n      ").append(Escapes.escape(field.toString())));
    text.append("\n      body of ").append(body.length()).append(": ").append(shown(body));
    trailers.forEach(field -> text.append("\n      + ").append(Escapes.escape(field.toString())));
    return text.toString();
  }

  private static String shown(CharSequence body) {
    return Escapes.escape(body.length() > 200 ? body.subSequence(0, 200) + "…" : body.toString());
  }
}
