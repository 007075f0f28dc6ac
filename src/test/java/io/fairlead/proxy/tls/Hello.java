package io.fairlead.proxy.tls;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Builds ClientHellos, right ones and wrong ones, byte by byte. */
final class Hello {
  private final List<byte[]> extensions = new ArrayList<>();
  private byte[] version = {3, 3};
  private byte[] session = {0};
  private byte[] suites = {0, 4, 0x13, 0x01, (byte) 0xc0, 0x2b};
  private byte[] compression = {1, 0};
  private boolean withExtensions = true;

  /** What a browser of today says, but for the name. */
  static Hello modern() {
    return new Hello()
        .suites(0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f)
        .algorithms(0x0403, 0x0804, 0x0401)
        .versions(0x0304, 0x0303)
        .extension(10, bytes(0, 2, 0, 29))
        .extension(23, new byte[0]);
  }

  static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  static byte[] vector(int size, byte[] content) {
    byte[] length = new byte[size];
    for (int i = 0; i < size; i++) {
      length[i] = (byte) (content.length >> (8 * (size - 1 - i)));
    }
    return join(length, content);
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  Hello version(int version) {
    this.version = bytes(version >> 8, version);
    return this;
  }

  Hello session(byte[] vector) {
    session = vector;
    return this;
  }

  Hello suites(int... numbers) {
    return rawSuites(vector(2, numbers(numbers)));
  }

  Hello rawSuites(byte[] vector) {
    suites = vector;
    return this;
  }

  Hello compression(byte[] vector) {
    compression = vector;
    return this;
  }

  Hello withoutExtensions() {
    withExtensions = false;
    return this;
  }

  Hello name(String name) {
    return extension(0, vector(2, join(bytes(0), vector(2, ascii(name)))));
  }

  Hello algorithms(int... numbers) {
    return extension(13, vector(2, numbers(numbers)));
  }

  Hello versions(int... numbers) {
    return extension(43, vector(1, numbers(numbers)));
  }

  Hello protocols(String... names) {
    byte[] all = {};
    for (String name : names) {
      all = join(all, vector(1, ascii(name)));
    }
    return extension(16, vector(2, all));
  }

  Hello extension(int type, byte[] content) {
    extensions.add(join(bytes(type >> 8, type), vector(2, content)));
    return this;
  }

  private static byte[] numbers(int... numbers) {
    byte[] all = {};
    for (int number : numbers) {
      all = join(all, bytes(number >> 8, number));
    }
    return all;
  }

  byte[] body() {
    byte[] all = join(extensions.toArray(byte[][]::new));
    return join(
        version,
        new byte[32],
        session,
        suites,
        compression,
        withExtensions ? vector(2, all) : new byte[0]);
  }

  /** The message with its type and length. */
  byte[] message() {
    return message(1, body());
  }

  static byte[] message(int type, byte[] body) {
    return join(bytes(type), vector(3, body));
  }

  /** In one record. */
  byte[] record() {
    return record(message());
  }

  static byte[] record(byte[] content) {
    return join(bytes(22, 3, 1), vector(2, content));
  }

  /** In records that hold so many bytes each. */
  byte[] records(int each) {
    return records(message(), each);
  }

  static byte[] records(byte[] message, int each) {
    byte[] all = {};
    for (int at = 0; at < message.length; at += each) {
      all =
          join(
              all,
              record(
                  java.util.Arrays.copyOfRange(message, at, Math.min(at + each, message.length))));
    }
    return all;
  }
}
