package io.fairlead.config;

import java.time.Duration;

/**
 * Which service gets a request.
 *
 * @param name metric label; default {@code LISTENER-N}, N counting from 1
 * @param match what a request must look like
 * @param service name of a service
 * @param timeout from the moment the request went to a node until the head of its answer; default
 *     60 s
 */
public record RouteConfig(String name, RouteMatch match, String service, Duration timeout) {}
