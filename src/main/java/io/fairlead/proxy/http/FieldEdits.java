package io.fairlead.proxy.http;

import io.fairlead.config.HeaderEdits;
import io.fairlead.config.Networks;
import io.fairlead.config.Template;
import io.fairlead.config.Template.Part;
import io.fairlead.proxy.RequestIds;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Changes the fields of a head, whoever writes it out: drops some, adds others behind what has been
 * received. The configuration has seen to it that none of them is one that decides where a message
 * ends, and that no value has a line break; what variables stand for has been read by a parser that
 * takes none.
 */
final class FieldEdits {
  private static final byte[] HTTP = Ascii.bytes("http");
  private static final byte[] HTTPS = Ascii.bytes("https");

  private final byte[][] dropped;
  private final Field[] added;

  /** A field to be added: its name, and a value in pieces. */
  private static final class Field {
    final byte[] name;
    final int id;
    final Piece[] pieces;

    Field(String name, String value) {
      this.name = Ascii.bytes(name);
      this.id = FieldName.of(this.name, 0, this.name.length);
      this.pieces =
          Template.parse(value, Template.Kind.FIELD).parts().stream()
              .map(Piece::of)
              .toArray(Piece[]::new);
    }
  }

  private sealed interface Piece {
    /** As it is. */
    final class Literal implements Piece {
      final byte[] bytes;

      Literal(byte[] bytes) {
        this.bytes = bytes;
      }
    }

    /** What the request says. */
    record Said(HeaderEdits.Variable variable) implements Piece {}

    static Piece of(Part part) {
      return switch (part) {
        case Part.Text(String text) -> new Literal(text.getBytes(StandardCharsets.UTF_8));
        case Part.Name(String name) ->
            new Said(HeaderEdits.Variable.valueOf(name.replace('-', '_').toUpperCase(Locale.ROOT)));
        case Part.Capture _ -> throw new IllegalStateException("a field has no captures");
      };
    }
  }

  private FieldEdits(HeaderEdits edits) {
    List<byte[]> names = new ArrayList<>();
    edits.remove().forEach(name -> names.add(Ascii.bytes(name)));
    edits.set().keySet().forEach(name -> names.add(Ascii.bytes(name)));
    List<Field> fields = new ArrayList<>();
    edits.set().forEach((name, value) -> fields.add(new Field(name, value)));
    for (Map.Entry<String, List<String>> more : edits.add().entrySet()) {
      more.getValue().forEach(value -> fields.add(new Field(more.getKey(), value)));
    }
    dropped = names.toArray(byte[][]::new);
    added = fields.toArray(Field[]::new);
  }

  /** Null if nothing is to be changed. */
  static @Nullable FieldEdits of(HeaderEdits edits) {
    return edits.isEmpty() ? null : new FieldEdits(edits);
  }

  /**
   * Changes the fields.
   *
   * @param head the exchange's request, or its answer
   */
  void apply(Head head, Exchange exchange, HttpRoute route) {
    for (byte[] name : dropped) {
      drop(head, name);
    }
    for (Field field : added) {
      head.openField(field.name);
      for (Piece piece : field.pieces) {
        switch (piece) {
          case Piece.Literal literal -> head.put(literal.bytes);
          case Piece.Said(HeaderEdits.Variable variable) -> put(variable, head, exchange, route);
        }
      }
      head.closeField(field.id);
    }
  }

  private static void drop(Head head, byte[] name) {
    for (int field = 0; field < head.fieldCount; field++) {
      if (head.isNamed(field, name)) {
        head.drop(field);
      }
    }
  }

  private static void put(
      HeaderEdits.Variable variable, Head head, Exchange exchange, HttpRoute route) {
    Head asked = exchange.request;
    switch (variable) {
      case CLIENT_IP -> head.put(client(exchange));
      case HOST -> head.put(asked.bytes, asked.hostStart, asked.hostEnd - asked.hostStart);
      case METHOD -> head.put(asked.bytes, asked.methodStart, asked.methodEnd - asked.methodStart);
      case PATH -> head.put(asked.bytes, exchange.pathStart(), exchange.pathLength());
      case REQUEST_ID -> putRequestId(head, exchange);
      case ROUTE -> head.put(route.nameBytes());
      case SCHEME -> head.put(scheme(exchange));
    }
  }

  private static void putRequestId(Head head, Exchange exchange) {
    Head asked = exchange.request;
    // Of those we were not to believe none is left.
    int field = asked.has(FieldName.X_REQUEST_ID) ? asked.first(FieldName.X_REQUEST_ID) : -1;
    if (field >= 0 && !asked.isDropped(field)) {
      int start = asked.valueStart(field);
      head.put(asked.bytes, start, asked.valueEnd(field) - start);
    } else {
      head.put(exchange.requestId, 0, RequestIds.LENGTH);
    }
  }

  /** Whether the client speaks TLS, to us or to the trusted proxy in front. */
  @SuppressWarnings("ReferenceEquality") // one of two
  static boolean isSecure(Exchange exchange) {
    return scheme(exchange) == HTTPS;
  }

  /** What the client spoke to us, or to the trusted proxy in front. */
  private static byte[] scheme(Exchange exchange) {
    Head asked = exchange.request;
    if (exchange.client().who().isTrusted() && asked.has(FieldName.X_FORWARDED_PROTO)) {
      int field = asked.first(FieldName.X_FORWARDED_PROTO);
      if (Ascii.rangeEqualsIgnoreCase(
          asked.bytes, asked.valueStart(field), asked.valueEnd(field), HTTPS)) {
        return HTTPS;
      }
      return HTTP;
    }
    return exchange.client().who().isSecure() ? HTTPS : HTTP;
  }

  /** The client's address. */
  static String clientText(Exchange exchange) {
    return new String(client(exchange), StandardCharsets.US_ASCII);
  }

  private static byte[] client(Exchange exchange) {
    Head asked = exchange.request;
    Client who = exchange.client().who();
    if (asked.clientHigh == who.high() && asked.clientLow == who.low()) {
      return who.address();
    }
    return text(asked.clientHigh, asked.clientLow);
  }

  /** An address that a trusted proxy told. */
  private static byte[] text(long high, long low) {
    byte[] bytes = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
    try {
      return Ascii.bytes(
          Networks.isIpv4(high, low)
              ? InetAddress.getByAddress(java.util.Arrays.copyOfRange(bytes, 12, 16))
                  .getHostAddress()
              : InetAddress.getByAddress(bytes).getHostAddress());
    } catch (UnknownHostException e) {
      throw new IllegalStateException("4 or 16 bytes are an address", e);
    }
  }
}
