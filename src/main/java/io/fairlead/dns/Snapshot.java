package io.fairlead.dns;

import io.fairlead.config.Cidr;
import io.fairlead.limit.RateLimiter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is answered from. Never changed once it is published.
 *
 * @param names every name of every zone
 * @param zones in the order of the configuration
 * @param balanced by name
 * @param sites which networks are near to what
 * @param cookies those we give and take
 * @param limiter of like answers; null: any number
 * @param slip one of so many that are too much is told to come by TCP; 0: none
 * @param exempt networks that get any number
 * @param serverId what we are called
 * @param keys for transfers
 */
record Snapshot(
    NameTable names,
    List<ZoneData> zones,
    Map<String, Balanced> balanced,
    Sites sites,
    Cookies cookies,
    @Nullable RateLimiter limiter,
    int slip,
    List<Cidr> exempt,
    String serverId,
    Map<String, TsigKey> keys) {

  byte[] serverIdBytes() {
    return serverId.getBytes(StandardCharsets.US_ASCII);
  }
}
