package io.fairlead.route;

import java.nio.charset.StandardCharsets;

/** A request line by line: {@code METHOD host path}, then {@code name: value} lines. */
final class TextRequest implements RequestView {
  private final byte[] bytes;
  private final int methodEnd;
  private final int hostEnd;
  private final int pathEnd;
  private final String[] lines;

  TextRequest(String text) {
    lines = text.split("\n", -1);
    bytes = text.getBytes(StandardCharsets.UTF_8);
    methodEnd = text.indexOf(' ');
    hostEnd = text.indexOf(' ', methodEnd + 1);
    pathEnd = lines[0].getBytes(StandardCharsets.UTF_8).length;
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
  public long findField(byte[] lowerCaseName) {
    String wanted = new String(lowerCaseName, StandardCharsets.UTF_8) + ": ";
    int start = pathEnd + 1;
    for (int i = 1; i < lines.length; i++) {
      int length = lines[i].getBytes(StandardCharsets.UTF_8).length;
      if (lines[i].startsWith(wanted)) {
        return ((long) (start + wanted.length()) << 32) | (start + length);
      }
      start += length + 1;
    }
    return -1;
  }
}
