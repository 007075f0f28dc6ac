package io.fairlead.alert;

import io.fairlead.config.ReceiverConfig;
import io.fairlead.insight.alert.Message;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Locale;

/** A message as mail (RFC 5322): plain text in UTF-8, which base64 carries through any server. */
final class MailText {
  /** Bytes that fit into one encoded word of 75 characters (RFC 2047, 2). */
  private static final int WORD = 45;

  private static final int MAX_SUBJECT = 200;

  private MailText() {}

  /** Ends with a line break. */
  static String of(Message message, ReceiverConfig.Email config, String instance) {
    String title = message.title();
    if (title.length() > MAX_SUBJECT) {
      title = title.substring(0, title.offsetByCodePoints(0, MAX_SUBJECT / 2)) + "…";
    }
    String body = message.title() + "\n\n" + message.text() + "\nFairlead on " + instance + "\n";
    String domain = config.from().substring(config.from().indexOf('@') + 1);
    return "Date: "
        + DateTimeFormatter.RFC_1123_DATE_TIME.format(
            Instant.ofEpochMilli(message.time()).atOffset(ZoneOffset.UTC))
        + "\r\nFrom: Fairlead <"
        + config.from()
        + ">\r\nTo: "
        + String.join(",\r\n ", config.to())
        + "\r\nSubject: "
        + encoded("[" + instance + "] " + title)
        + "\r\nMessage-ID: <"
        + message.id()
        + "@"
        + domain
        + ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + Base64.getMimeEncoder().encodeToString(body.getBytes(StandardCharsets.UTF_8))
        + "\r\n";
  }

  /** As it is where it is plain and short, else in encoded words. */
  static String encoded(String text) {
    String line = text.replaceAll("\\p{Cntrl}+", " ");
    if (line.length() <= 60 && line.chars().allMatch(c -> c >= ' ' && c < 127 && c != '=')) {
      return line;
    }
    StringBuilder words = new StringBuilder();
    StringBuilder part = new StringBuilder();
    int bytes = 0;
    for (int at = 0; at < line.length(); ) {
      int point = line.codePointAt(at);
      int size = Character.toString(point).getBytes(StandardCharsets.UTF_8).length;
      if (bytes + size > WORD) {
        word(words, part);
        part.setLength(0);
        bytes = 0;
      }
      part.appendCodePoint(point);
      bytes += size;
      at += Character.charCount(point);
    }
    word(words, part);
    return words.toString();
  }

  private static void word(StringBuilder words, CharSequence part) {
    words
        .append(words.isEmpty() ? "" : "\r\n ")
        .append(String.format(Locale.ROOT, "=?utf-8?B?%s?=", base64(part.toString())));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
