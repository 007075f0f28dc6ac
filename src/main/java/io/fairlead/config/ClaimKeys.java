package io.fairlead.config;

import java.util.Map;

/** Keys about claims of tokens, the same wherever tokens are looked at. */
final class ClaimKeys {
  static final Scalar<String> SAID = Scalar.text("text", null, JwtConfig::said);
  static final Key<Map<String, String>> REQUIRED =
      Key.of(
          "require",
          new MapOf<>("values", MapOf.Names.CLAIM, SAID),
          Map.of(),
          "nothing",
          "Claims with the value they must have; of a list, and of the words of `scope`, one must be"
              + " that. Otherwise the answer is 403.",
          "{ scope: \"orders:read\" }");
  static final Key<Map<String, String>> FORWARD =
      Key.of(
          "forward",
          new MapOf<>("claims", MapOf.Names.EDITED, SAID),
          Map.of(),
          "nothing",
          "Fields in which nodes get the value of a claim, lists with commas between; what a client"
              + " says in such a field goes nowhere.",
          "{ x-user: sub }");

  private ClaimKeys() {}
}
