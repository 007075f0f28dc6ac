package io.fairlead.proxy.http;

import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/** Bytes of one connection each that cost their sender little, for tests outside of this room. */
public final class FloodWaves {
  private FloodWaves() {}

  /** By name. */
  public static Map<String, byte[]> http2() {
    Map<String, byte[]> waves = new LinkedHashMap<>();
    Http2FloodTest.floods()
        .filter(flood -> flood.name().matches("rapid reset|PING|SETTINGS|CONTINUATION of much"))
        .forEach(flood -> {
          ByteArrayOutputStream all = new ByteArrayOutputStream();
          all.writeBytes(Http2.PREFACE);
          all.writeBytes(Http2Wire.frameBytes(Http2.SETTINGS, 0, 0, new byte[0]));
          all.writeBytes(flood.first());
          for (int i = 0; i < flood.most(); i++) {
            all.writeBytes(flood.repeated().apply(i));
          }
          waves.put("h2 " + flood.name(), all.toByteArray());
        });
    return waves;
  }
}
