-- Every set of filters has the index of exactly its columns. There the matches stand in the order of `id`, so
-- a filtered page reads each of them once to count and once at most to answer, and sorts none.
DROP INDEX plans_by_plan_type;
DROP INDEX plans_by_carrier;
DROP INDEX plans_by_active;

CREATE INDEX plans_by_plan_type ON plans (plan_type);
CREATE INDEX plans_by_carrier ON plans (carrier);
CREATE INDEX plans_by_active ON plans (active);
CREATE INDEX plans_by_plan_type_carrier ON plans (plan_type, carrier);
CREATE INDEX plans_by_plan_type_active ON plans (plan_type, active);
CREATE INDEX plans_by_carrier_active ON plans (carrier, active);
CREATE INDEX plans_by_plan_type_carrier_active ON plans (plan_type, carrier, active);
