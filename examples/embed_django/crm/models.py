"""The CRM's own table."""

from django.db import models


class Ticket(models.Model):
    """What a customer asked for."""

    customer = models.CharField(max_length=50)
    subject = models.CharField(max_length=200)

    class Meta:
        """How the table is called."""

        db_table = "tickets"

    def __str__(self) -> str:
        return self.subject
