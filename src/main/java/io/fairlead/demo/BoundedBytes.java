package io.fairlead.demo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;

/** Collects a body in memory, up to a limit; a longer one is refused with 413. */
final class BoundedBytes extends OutputStream {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final int limit;

  BoundedBytes(int limit) {
    this.limit = limit;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] source, int from, int count) throws IOException {
    if (count > limit - bytes.size()) {
      throw new BadRequest(413, "body longer than " + limit + " bytes");
    }
    bytes.write(source, from, count);
  }

  String text(Charset charset) {
    return bytes.toString(charset);
  }
}
