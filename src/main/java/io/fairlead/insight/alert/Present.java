package io.fairlead.insight.alert;

import java.util.List;
import java.util.Map;

/** How things are now, as far as rules look at it. */
public interface Present {
  /** Every service with its nodes. */
  List<ServiceNodes> services();

  /** Every certificate that is shown to clients or was shown by nodes. */
  List<CertificateDays> certificates();

  /** Records for which there was no room, in the span. */
  long recordsDropped(long fromMillis, long toMillis);

  /** What is wrong with the last configuration offered; empty: it was applied. */
  String configRefused();

  /** What is unusual. */
  List<OpenIncident> incidents();

  /**
   * A service with its nodes.
   *
   * @param healthy nodes that get requests
   * @param all members
   */
  record ServiceNodes(String service, int healthy, int all) {}

  /**
   * A certificate.
   *
   * @param labels who shows it
   * @param what for people
   * @param days left; below 0: it has expired
   */
  record CertificateDays(Map<String, String> labels, String what, long days) {}
}
