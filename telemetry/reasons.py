from django.db import models


class Reason(models.TextChoices):
    """Why an item was not taken. The labels are the sentences senders and administrators read."""

    MALFORMED = "malformed", "The body is not JSON"
    WRONG_SHAPE = "wrong_shape", "The message does not have the documented shape"
    WRONG_TOPIC = "wrong_topic", "The topic is not one the portal listens to"
    TOO_LARGE = "too_large", "The body is too large"
    TOO_DEEP = "too_deep", "Objects are nested too deeply"
    TOO_MANY_MESSAGES = "too_many_messages", "The list holds too many messages"
    TOO_MANY_KEYS = "too_many_keys", "The message holds too many values"
    TOO_MANY_METRICS = "too_many_metrics", "The device already has as many metrics as it may have"
    BAD_KEY = "bad_key", "The key is not 1 to 64 letters, digits, dots, dashes or underscores"
    BAD_TIMESTAMP = "bad_timestamp", "The timestamp is not ISO 8601 or an epoch in seconds or milliseconds"
    IN_FUTURE = "in_future", "The time is in the future"
    TOO_OLD = "too_old", "The time is further back than raw readings are kept"
    NOT_FINITE = "not_finite", "The number is not finite or out of range"
    NOT_A_VALUE = "not_a_value", "Only numbers, true or false, short texts and objects of these can be kept"
    WRONG_TYPE = "wrong_type", "The value is of another type than the metric"
    TOO_LONG = "too_long", "The text is too long or holds characters that cannot be stored"
    UNPROCESSABLE = "unprocessable", "The portal could not process it; its log says why"
    DEVICE_DISABLED = "device_disabled", "The device is disabled or archived"
    NOT_ALLOWED = "not_allowed", "The sender may not send for this device"
    QUARANTINE_FULL = "quarantine_full", "The quarantine holds enough messages of this unknown device"
