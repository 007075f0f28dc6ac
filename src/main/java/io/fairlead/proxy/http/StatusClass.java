package io.fairlead.proxy.http;

import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;

/** Which counter a status code belongs to. */
final class StatusClass {
  private StatusClass() {}

  static NodeCounter ofNode(int status) {
    return switch (status / 100) {
      case 3 -> NodeCounter.RESPONSES_3XX;
      case 4 -> NodeCounter.RESPONSES_4XX;
      case 5 -> NodeCounter.RESPONSES_5XX;
      default -> NodeCounter.RESPONSES_2XX;
    };
  }

  static RouteCounter ofRoute(int status) {
    return switch (status / 100) {
      case 3 -> RouteCounter.RESPONSES_3XX;
      case 4 -> RouteCounter.RESPONSES_4XX;
      case 5 -> RouteCounter.RESPONSES_5XX;
      default -> RouteCounter.RESPONSES_2XX;
    };
  }

  static ListenerCounter ofListener(int status) {
    return switch (status / 100) {
      case 3 -> ListenerCounter.RESPONSES_3XX;
      case 4 -> ListenerCounter.RESPONSES_4XX;
      case 5 -> ListenerCounter.RESPONSES_5XX;
      default -> ListenerCounter.RESPONSES_2XX;
    };
  }
}
