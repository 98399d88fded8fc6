/** The media type of a CloudEvent in structured mode. */
export const EVENT_TYPE = 'application/cloudevents+json'
