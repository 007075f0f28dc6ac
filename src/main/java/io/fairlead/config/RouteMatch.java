package io.fairlead.config;

import java.util.List;
import java.util.Map;

/**
 * What a request must look like; every part that is given has to match.
 *
 * @param hosts {@code shop.example} or {@code *.shop.example} (one or more labels in front), any of
 *     them; lower case, without port; empty: any
 * @param paths exact ({@code /a/b}), with {@code *} for one segment or {@code **} at the end for
 *     any rest including none ({@code /api/**} matches {@code /api} too); any of them; empty: any
 * @param methods any of them; empty: any
 * @param headers name in lower case → value it must have; {@code *}: it must be there
 */
public record RouteMatch(
    List<String> hosts, List<String> paths, List<String> methods, Map<String, String> headers) {
  public static final RouteMatch ANY = new RouteMatch(List.of(), List.of(), List.of(), Map.of());
}
