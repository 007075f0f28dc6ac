package io.fairlead.insight.alert;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How things are, as a test says. */
final class FakePresent implements Present {
  final Map<String, ServiceNodes> services = new LinkedHashMap<>();
  final List<CertificateDays> certificates = new ArrayList<>();
  final List<OpenIncident> incidents = new ArrayList<>();
  long dropped;
  String refused = "";

  void nodes(String service, int healthy, int all) {
    services.put(service, new ServiceNodes(service, healthy, all));
  }

  @Override
  public List<ServiceNodes> services() {
    return List.copyOf(services.values());
  }

  @Override
  public List<CertificateDays> certificates() {
    return certificates;
  }

  @Override
  public long recordsDropped(long fromMillis, long toMillis) {
    return dropped;
  }

  @Override
  public String configRefused() {
    return refused;
  }

  @Override
  public List<OpenIncident> incidents() {
    return incidents;
  }
}
