package io.fairlead.route;

import io.fairlead.config.Networks;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;

/** A request line by line: {@code METHOD host path?query}, then {@code name: value} lines. */
final class TextRequest implements RequestView {
  private final byte[] bytes;
  private final int methodEnd;
  private final int hostEnd;
  private final int pathEnd;
  private final int queryStart;
  private final int lineEnd;
  private final InetAddress client;
  private final String[] lines;

  TextRequest(String text) {
    this(text, InetAddress.getLoopbackAddress());
  }

  TextRequest(String text, InetAddress client) {
    this.client = client;
    lines = text.split("\n", -1);
    bytes = text.getBytes(StandardCharsets.UTF_8);
    methodEnd = text.indexOf(' ');
    hostEnd = text.indexOf(' ', methodEnd + 1);
    lineEnd = lines[0].getBytes(StandardCharsets.UTF_8).length;
    int query = lines[0].indexOf('?');
    queryStart = query < 0 ? lineEnd : query;
    pathEnd = queryStart;
  }

  @Override
  public byte[] bytes() {
    return bytes;
  }

  @Override
  public int methodStart() {
    return 0;
  }

  @Override
  public int methodEnd() {
    return methodEnd;
  }

  @Override
  public int hostStart() {
    return methodEnd + 1;
  }

  @Override
  public int hostEnd() {
    return hostEnd;
  }

  @Override
  public int pathStart() {
    return hostEnd + 1;
  }

  @Override
  public int pathEnd() {
    return pathEnd;
  }

  @Override
  public int queryStart() {
    return queryStart;
  }

  @Override
  public int queryEnd() {
    return lineEnd;
  }

  @Override
  public int findField(byte[] lowerCaseName, int from) {
    String wanted = new String(lowerCaseName, StandardCharsets.UTF_8) + ": ";
    for (int i = from + 1; i < lines.length; i++) {
      if (lines[i].startsWith(wanted)) {
        return i - 1;
      }
    }
    return -1;
  }

  @Override
  public int valueStart(int field) {
    return lineStart(field + 1) + lines[field + 1].indexOf(": ") + 2;
  }

  @Override
  public int valueEnd(int field) {
    return lineStart(field + 1) + lines[field + 1].getBytes(StandardCharsets.UTF_8).length;
  }

  private int lineStart(int line) {
    int start = 0;
    for (int i = 0; i < line; i++) {
      start += lines[i].getBytes(StandardCharsets.UTF_8).length + 1;
    }
    return start;
  }

  @Override
  public long clientHigh() {
    return Networks.high(client);
  }

  @Override
  public long clientLow() {
    return Networks.low(client);
  }
}
